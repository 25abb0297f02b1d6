import type { PgClient, PgPool } from "./pool.js";

/** A statement, or the wait for a connection, took longer than its time limit. Whether the statement took effect is unknown. */
export class PostgresTimeout extends Error {
  override readonly name = "PostgresTimeout";

  constructor(limitMs: number) {
    super(`Postgres did not respond within ${Math.round(limitMs)} ms.`);
  }
}

/** SQLSTATE of a statement that did not get a lock in time. */
export const LOCK_NOT_AVAILABLE = "55P03";

/** Whether the server rejected the statement: it had no effect, and the connection is still usable. */
export function isRejection(error: unknown): error is Error & { code: string } {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  // Classes 08 and 57P: the server ends the connection.
  return typeof code === "string" && typeof severity === "string" && !/^(08|57P)/.test(code);
}

const ignore = (): void => undefined;

/** The pools with a listener of this package. */
const listened = new WeakSet<PgPool>();

/**
 * The pool replaces a connection that breaks while it is idle, and emits an error. Without a listener, this error would end the process. So
 * the listener stays, also before the inbox is open and after it is closed.
 */
export function ignoreIdleErrors(pool: PgPool): void {
  if (listened.has(pool)) return;
  listened.add(pool);
  pool.on("error", ignore);
}

/**
 * Runs statements on a connection of the pool. Destroys the connection after the time limit, and after an error that leaves it in an unknown
 * state.
 * @param limitMs time limit, including the wait for a connection
 * @throws PostgresTimeout
 */
export function withConnection<T>(pool: PgPool, limitMs: number, run: (client: PgClient) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let taken: PgClient | undefined;
    let isOver = false;
    const release = (client: PgClient, error?: Error): void => {
      client.release(error);
      // A destroyed connection may still report errors.
      if (error === undefined) client.removeListener("error", ignore);
    };
    const end = (settle: () => void, error?: Error): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (taken !== undefined) release(taken, error);
      settle();
    };
    const timer = setTimeout(() => {
      const error = new PostgresTimeout(limitMs);
      end(() => reject(error), error);
    }, limitMs);
    pool
      .connect()
      .then((client) => {
        client.on("error", ignore);
        if (isOver) return release(client);
        taken = client;
        return run(client).then((result) => end(() => resolve(result)));
      })
      .catch((error: Error) => end(() => reject(error), isRejection(error) ? undefined : error));
  });
}

/**
 * Runs statements on a connection that the caller keeps.
 * @param onLimit called before the rejection, for example to destroy the connection
 * @throws PostgresTimeout
 */
export async function withLimit<T>(limitMs: number, run: () => Promise<T>, onLimit?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLimit?.();
      reject(new PostgresTimeout(limitMs));
    }, limitMs);
  });
  try {
    return await Promise.race([run(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

const BOOLEAN = 16;
const INTEGER = 23;
const DOUBLE = 701;

/** Parses the columns of the inbox's statements, independently of the type parsers that the app has set. */
const PARSERS: Readonly<Record<number, (value: string) => unknown>> = {
  [BOOLEAN]: (value) => value === "t" || value === "true",
  [INTEGER]: Number,
  [DOUBLE]: Number,
};
const TYPES = { getTypeParser: (oid: number) => PARSERS[oid] ?? String };

/** Runs one statement and returns its rows. It is not prepared under a name, so it works behind PgBouncer in transaction mode. */
export async function select<Row>(client: PgClient, text: string, values: unknown[] = []): Promise<Row[]> {
  const { rows } = await client.query({ text, values, types: TYPES });
  return rows as Row[];
}
