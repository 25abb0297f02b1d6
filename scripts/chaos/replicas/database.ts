import pg from "pg";
import { PostgresServer } from "../../../test/helpers/postgres.js";
import { RedisServer } from "../../../test/helpers/redis.js";
import type { Engine, SharedInbox } from "../../engines.js";
import type { Effect, Evidence, Guarantees, PushOfCall, Run } from "./check.js";

/** The server that stores the inbox, and the guarantees of the inbox. */
export interface Database {
  readonly server: Pick<PostgresServer, "start" | "stop" | "kill" | "remove">;
  readonly inbox: SharedInbox;
  readonly guarantees: Guarantees;
  /** The stored pushes and the effects of the handlers. */
  read(runs: readonly Run[]): Promise<Pick<Evidence, "stored" | "effects">>;
}

const SCHEMA = "airudder";

/** The pushes of Airudder's inbox, with the values that the plan put into their bodies. */
const STORED = `
  select id as push, detail->>'CallID' as call, (detail->'Variables'->>'state')::int as state
  from (select id, position, convert_from(body, 'UTF8')::json->'Details'->0 as detail from ${SCHEMA}.pushes) as stored
  order by position`;

const EFFECTS = 'select push, call, state, began_at as "beganAt" from effects order by number';

/** Starts a server of its own for an engine, with durable settings. */
export const startDatabase: Record<Engine, (leaseMs: number) => Promise<Database>> = {
  postgres: async (leaseMs) => {
    const server = await PostgresServer.start();
    await query(server.url, (pool) =>
      pool.query(
        "create table effects (number bigserial primary key, push text, call text, state int, began_at bigint)",
      ),
    );
    return {
      server,
      inbox: { engine: "postgres", url: server.url, name: SCHEMA, leaseMs },
      guarantees: { isExactlyOnce: true, isOrdered: true },
      read: () =>
        query(server.url, async (pool) => ({
          stored: (await pool.query<PushOfCall>(STORED)).rows,
          effects: (await pool.query<Omit<Effect, "beganAt"> & { beganAt: string }>(EFFECTS)).rows.map((effect) => ({
            ...effect,
            beganAt: BigInt(effect.beganAt),
          })),
        })),
    };
  },
  bullmq: async (leaseMs) => {
    const server = await RedisServer.start();
    return {
      server,
      inbox: { engine: "bullmq", url: server.url, name: "airudder", leaseMs },
      guarantees: { isExactlyOnce: false, isOrdered: false },
      // A run that is done is an effect. A push that was never handled has no run, so it is missing in both lists.
      read: async (runs) => {
        const effects = runs.filter(({ result }) => result === "done").sort((a, b) => (a.endedAt < b.endedAt ? -1 : 1));
        const stored = [...new Map(effects.map((run) => [run.push, run])).values()];
        return { stored, effects };
      },
    };
  },
};

async function query<Value>(url: string, run: (pool: pg.Pool) => Promise<Value>): Promise<Value> {
  const pool = new pg.Pool({ connectionString: url });
  try {
    return await run(pool);
  } finally {
    await pool.end();
  }
}
