import type { TestContext } from "node:test";
import { type PostgresInbox, type PostgresInboxOptions, postgresInbox } from "airudder-webhooks/postgres";
import type pg from "pg";
import { atEnd } from "../../helpers/at-end.js";
import { makePool, PostgresServer } from "../../helpers/postgres.js";
import { TcpProxy } from "../../helpers/tcp-proxy.js";

let shared: Promise<PostgresServer> | undefined;

/** The server that the tests of a file share. Call `removeServer` after the last one. */
export function sharedServer(): Promise<PostgresServer> {
  shared ??= PostgresServer.start({ autovacuum: "off" });
  return shared;
}

export async function removeServer(): Promise<void> {
  await (await shared)?.remove();
}

/** A pool behind a proxy that can discard data or cut connections. */
export async function proxiedPool(t: TestContext): Promise<{ pool: pg.Pool; proxy: TcpProxy }> {
  const { port } = await sharedServer();
  const proxy = await TcpProxy.start(port);
  atEnd(t, () => proxy.close());
  const pool = makePool(t, { host: "127.0.0.1", port: proxy.port, user: "test", database: "postgres" });
  return { pool, proxy };
}

let schemas = 0;

/** A schema with the tables of the inbox, removed after the test. */
export class Schema {
  private constructor(
    readonly name: string,
    readonly pool: pg.Pool,
    private readonly t: TestContext,
  ) {}

  static async create(t: TestContext, server?: PostgresServer): Promise<Schema> {
    const { url } = server ?? (await sharedServer());
    const pool = makePool(t, { connectionString: url, max: 10, connectionTimeoutMillis: 5_000 });
    const schema = new Schema(`inbox_${++schemas}`, pool, t);
    await schema.inbox().migrate();
    return schema;
  }

  /** An inbox with short delays. */
  inbox(options: Partial<PostgresInboxOptions<pg.Pool>> = {}): PostgresInbox<pg.PoolClient> {
    return postgresInbox({ pool: this.pool, schema: this.name, retryMs: 10, maxRetryMs: 20, ...options });
  }

  /** An open inbox, closed after the test. */
  async open(
    options: Partial<PostgresInboxOptions<pg.Pool>> = {},
    events: Parameters<PostgresInbox<pg.PoolClient>["open"]>[0] = {
      recovered: () => undefined,
      failed: () => undefined,
      dead: () => undefined,
    },
  ): Promise<PostgresInbox<pg.PoolClient>> {
    const inbox = this.inbox(options);
    await inbox.open(events);
    atEnd(this.t, () => inbox.close(1_000));
    return inbox;
  }

  async rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text.replaceAll("$schema", this.name), values)).rows;
  }

  /** Locks all subjects, as another transaction may. Returns a function that commits it. */
  async lockSubjects(): Promise<() => Promise<unknown>> {
    const client = await this.pool.connect();
    atEnd(this.t, () => client.release(true));
    await client.query(`begin; select from ${this.name}.subjects for update`);
    return () => client.query("commit");
  }

  async clear(): Promise<void> {
    await this.rows("truncate $schema.pushes, $schema.subjects");
  }
}
