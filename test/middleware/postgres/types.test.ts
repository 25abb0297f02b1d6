/** Compiled by `npm run typecheck`: each line that must not compile is marked, and fails when it does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AirudderError, airudder, fileInbox } from "airudder-webhooks";
import { type PgClient, postgresInbox } from "airudder-webhooks/postgres";
import pg from "pg";

/** A pool of another package, or a part of `pg.Pool`. */
interface OtherPool {
  connect(): Promise<PgClient & { readonly own: string }>;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

export function transactionsAreTyped(pool: pg.Pool, other: OtherPool): void {
  const receiver = airudder({ inbox: postgresInbox({ pool }) });
  receiver.on("call.completed", async (_, { transaction }) => {
    transaction satisfies pg.PoolClient;
    const { rows } = await transaction.query<{ id: number }>("select 1 as id");
    rows[0]?.id satisfies number | undefined;
    // @ts-expect-error no such column
    rows[0]?.name;
  });
  airudder({ inbox: postgresInbox({ pool: other }) }).on("*", (_, { transaction }) => transaction.own satisfies string);
  airudder({ inbox: fileInbox("./inbox") }).on("*", (_, { transaction }) => {
    transaction satisfies undefined;
  });
  const inbox = process.env.DATABASE_URL === undefined ? fileInbox("./inbox") : postgresInbox({ pool });
  airudder<pg.PoolClient | undefined>({ inbox }).on("*", async (_, { transaction }) => {
    await transaction?.query("select 1");
    // @ts-expect-error undefined with the file inbox
    await transaction.query("select 1");
  });
  postgresInbox({ pool, notifyPool: pool });
  // @ts-expect-error a pool is required
  postgresInbox({});
  // @ts-expect-error a client is no pool
  postgresInbox({ pool: new pg.Client() });
}

test("options are checked, and the message names the option and a right value", () => {
  const pool = new pg.Pool();
  const rejects = (options: object, message: RegExp): void =>
    assert.throws(
      () => postgresInbox(options as { pool: pg.Pool }),
      (error) => error instanceof AirudderError && error.code === "invalid_option" && message.test(error.message),
      JSON.stringify(options),
    );
  rejects({}, /"pool" must be a pg\.Pool, such as new Pool/);
  rejects({ pool, schema: "" }, /"schema" must be the name of a schema.*"airudder"/);
  rejects({ pool, schema: "x".repeat(64) }, /at most 63 bytes/);
  rejects({ pool, concurency: 1 }, /unknown option "concurency"\. Options: pool, schema, notifyPool, concurrency/);
  for (const notifyPool of [pool, new pg.Pool({ max: 1 }), "postgres://localhost"])
    rejects({ pool, notifyPool }, /"notifyPool" must be another pg\.Pool than "pool", with a "max" of at least 2/);
  rejects({ pool, leaseMs: 10 }, /"leaseMs" must be a whole number from 100 to \d+, such as 15000/);
  rejects({ pool, retentionMs: 1.5 }, /"retentionMs" must be a whole number/);
  postgresInbox({ pool, retries: 0, retentionMs: 90 * 24 * 60 * 60 * 1_000, concurrency: undefined });
});
