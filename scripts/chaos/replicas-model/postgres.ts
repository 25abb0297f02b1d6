import { postgresInbox } from "airudder-webhooks/postgres";
import pg from "pg";
import { PostgresServer } from "../../../test/helpers/postgres.js";
import { TcpProxy } from "../../../test/helpers/tcp-proxy.js";
import type { ModelEngine } from "./engine.js";

const OPTIONS = { retries: 2, retryMs: 2, maxRetryMs: 8, leaseMs: 600, concurrency: 12 };

/** The inbox on Postgres. The workers reach the server through proxies that can be cut. */
export async function postgresEngine(): Promise<ModelEngine> {
  const server = await PostgresServer.start();
  const admin = new pg.Pool({ connectionString: server.url, max: 2 });
  admin.on("error", () => undefined);
  let schema = "";
  let runs = 0;
  const select = async (sql: string): Promise<string[]> =>
    (await admin.query<{ id: string }>(`select id from ${schema}.${sql}`)).rows.map(({ id }) => id);
  return {
    name: "postgres",
    hasOrder: true,
    ...OPTIONS,
    async reset() {
      if (schema !== "") await admin.query(`drop schema ${schema} cascade`);
      schema = `model_${++runs}`;
      await postgresInbox({ pool: admin, schema }).migrate();
      await admin.query(`create table ${schema}.effects (id text)`);
    },
    async connect() {
      const proxy = await TcpProxy.start(server.port);
      const connectionString = server.url.replace(String(server.port), String(proxy.port));
      const pool = new pg.Pool({ connectionString, max: OPTIONS.concurrency + 4 });
      pool.on("error", () => undefined);
      const inbox = postgresInbox({ pool, schema, ...OPTIONS });
      return {
        inbox,
        freeze: () => proxy.freeze(),
        thaw: () => proxy.thaw(),
        crash() {
          proxy.close();
          void inbox.close(0).catch(() => undefined);
          void pool.end().catch(() => undefined);
        },
      };
    },
    unfinished: () => select("pushes where state in ('blocked', 'waiting', 'running')"),
    write: (client, id) => (client as pg.PoolClient).query(`insert into ${schema}.effects values ($1)`, [id]),
    effects: () => select("effects"),
    async stop() {
      await admin.end();
      await server.remove();
    },
  };
}
