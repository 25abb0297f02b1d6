/** A statement, as `query` of a pg client takes it. */
export interface PgStatement {
  readonly text: string;
  readonly values?: unknown[] | undefined;
  readonly types?: unknown;
}

/** The result of a statement. */
export interface PgResult {
  readonly command: string;
  readonly rows: unknown[];
}

/** A message of NOTIFY. */
export interface PgNotification {
  readonly payload?: string | undefined;
}

/** What the inbox uses of a client of `pg`. */
export interface PgClient {
  query(statement: string | PgStatement): Promise<PgResult>;
  release(error?: Error | boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "notification", listener: (message: PgNotification) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "notification", listener: (message: PgNotification) => void): unknown;
}

/** What the inbox uses of a `pg.Pool` (pg 8 or newer). */
export interface PgPool {
  connect(): Promise<PgClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  readonly options?: { readonly max?: number | undefined; readonly connectionTimeoutMillis?: number | undefined };
}

/** The type of the clients of a pool: `PoolClient` for a `pg.Pool`. Handlers get it as `transaction`. */
export type ClientOf<P> = P extends { connect: { (): Promise<infer C>; (callback: never): unknown } }
  ? C
  : P extends { connect(): Promise<infer C> }
    ? C
    : never;
