import assert from "node:assert/strict";
import { after, type TestContext } from "node:test";
import { airudder } from "airudder-webhooks";
import type { Attempt, Inbox, StoredPush } from "airudder-webhooks/inbox";
import type { PostgresInbox } from "airudder-webhooks/postgres";
import type pg from "pg";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { makePool, postgresTest } from "../../helpers/postgres.js";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";
import { removeServer, Schema, sharedServer } from "./server.js";

after(removeServer);

type Handler = (transaction: pg.PoolClient, attempt: Attempt<pg.PoolClient>, push: StoredPush) => unknown;

/** A working inbox with one push, and a table for the effects of its handler. */
class Effects {
  readonly failures: unknown[] = [];
  attempts = 0;

  private constructor(
    readonly schema: Schema,
    readonly inbox: PostgresInbox<pg.PoolClient>,
    readonly push: StoredPush,
  ) {}

  static async start(t: TestContext, handler: Handler, options: Parameters<Schema["open"]>[0] = {}): Promise<Effects> {
    const schema = await Schema.create(t);
    await schema.rows("create table $schema.effects (push text)");
    const push = storedPush({ subject: "s", sha256: "A" });
    const inbox = await schema.open(options, {
      recovered: () => undefined,
      failed: (_, __, error) => void effects.failures.push(error),
      dead: (_, __, error) => void effects.failures.push(error),
    });
    const effects = new Effects(schema, inbox, push);
    inbox.consume((each, attempt) => {
      effects.attempts++;
      return handler(attempt.transaction as pg.PoolClient, attempt, each);
    });
    await inbox.put(push);
    return effects;
  }

  /** Waits until the push is handled, and returns the number of its effects. */
  async ofHandled(): Promise<number> {
    await until(async () => (await this.state()) === "handled", 20_000);
    return this.count();
  }

  async count(): Promise<number> {
    return (await this.schema.rows("select from $schema.effects")).length;
  }

  async state(): Promise<string | undefined> {
    return (await this.schema.rows<{ state: string }>("select state from $schema.pushes"))[0]?.state;
  }

  insert(transaction: pg.PoolClient): Promise<unknown> {
    return transaction.query(`insert into ${this.schema.name}.effects values ($1)`, ["x"]);
  }
}

postgresTest("the effects of a handler and the mark are one transaction", async (t) => {
  const effects = await Effects.start(t, async (transaction, { number }) => {
    await effects.insert(transaction);
    assert.equal(await effects.count(), 0, "others see nothing before the commit");
    if (number < 3) throw new Error("fails after its insert");
  });
  assert.equal(await effects.ofHandled(), 1);
  assert.equal(effects.attempts, 3);
  const [row] = await effects.schema.rows("select p.xmin = e.xmin as same from $schema.pushes p, $schema.effects e");
  assert.deepEqual(row, { same: true });
});

postgresTest("an attempt that does not use its transaction takes no connection", async (t) => {
  const effects = await Effects.start(t, async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const sessions = "select from pg_stat_activity where state = 'idle in transaction'";
    assert.deepEqual(await effects.schema.rows(sessions), []);
  });
  assert.equal(await effects.ofHandled(), 0);
});

postgresTest("a handler that swallows an SQL error has failed: nothing is committed", async (t) => {
  const effects = await Effects.start(t, async (transaction, { number }) => {
    await effects.insert(transaction);
    if (number === 1) await transaction.query("select 1 / 0").catch(() => undefined);
  });
  assert.equal(await effects.ofHandled(), 1);
  assert.equal(effects.attempts, 2);
});

postgresTest("after a timeout the transaction is rolled back, and a late query is rejected", async (t) => {
  let late: unknown;
  const effects = await Effects.start(
    t,
    async (transaction, { number }) => {
      await effects.insert(transaction);
      if (number > 1) return;
      await new Promise((resolve) => setTimeout(resolve, 600));
      late = await effects.insert(transaction).catch((error) => error);
    },
    { timeoutMs: 400 },
  );
  assert.equal(await effects.ofHandled(), 1);
  await until(() => late !== undefined);
  assert.equal((late as Error).message, "The transaction is closed: its attempt has ended.");
});

postgresTest("after a timeout during a statement its connection is closed, not reused", async (t) => {
  const effects = await Effects.start(
    t,
    async (transaction, { number }) => {
      await effects.insert(transaction);
      if (number === 1) await transaction.query("select pg_sleep(2)");
    },
    { timeoutMs: 400 },
  );
  assert.equal(await effects.ofHandled(), 1);
});

postgresTest("a query after the handler has returned is rejected", async (t) => {
  let late: unknown;
  const effects = await Effects.start(t, async (transaction) => {
    await effects.insert(transaction);
    setTimeout(async () => {
      late = await effects.insert(transaction).catch((error) => error);
    }, 30);
  });
  assert.equal(await effects.ofHandled(), 1);
  await until(() => late !== undefined);
  assert.match((late as Error).message, /^The transaction is closed: its handler has returned\.$/);
});

postgresTest("a session that the server ends during the handler is a failed attempt", async (t) => {
  const effects = await Effects.start(t, async (transaction, { number }) => {
    await effects.insert(transaction);
    const { rows } = await transaction.query<{ pid: number }>("select pg_backend_pid() as pid");
    if (number === 1) await effects.schema.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
  });
  assert.equal(await effects.ofHandled(), 1);
  assert.equal(effects.attempts, 2);
});

for (const statement of ["commit", "rollback"]) {
  postgresTest(`a handler that sends ${statement} itself has failed, with an error that says so`, async (t) => {
    const effects = await Effects.start(t, async (transaction, { number }) => {
      if (number > 1) return;
      await transaction.query(statement);
      if (statement === "rollback") await transaction.query("begin");
    });
    assert.equal(await effects.ofHandled(), 0);
    assert.match(String(effects.failures[0]), /ended the transaction of the inbox itself/);
  });
}

postgresTest("release, connect and end of the transaction are rejected", async (t) => {
  const rejected: unknown[] = [];
  const effects = await Effects.start(t, (transaction) => {
    for (const name of ["release", "connect", "end"] as const) {
      try {
        transaction[name]();
      } catch (error) {
        rejected.push((error as Error).message);
      }
    }
  });
  await effects.ofHandled();
  assert.deepEqual(rejected.length, 3);
});

postgresTest("queries with a callback, and queries in parallel, work; the transaction can be returned", async (t) => {
  const effects = await Effects.start(t, async (transaction) => {
    await Promise.all([effects.insert(transaction), effects.insert(transaction)]);
    await new Promise<void>((resolve, reject) =>
      transaction.query("select $1::integer as one", [1], (error, result) =>
        error ? reject(error) : resolve(assert.deepEqual(result.rows, [{ one: 1 }])),
      ),
    );
    assert.equal(transaction.escapeLiteral("a'b"), "'a''b'");
    return transaction;
  });
  assert.equal(await effects.ofHandled(), 2);
});

postgresTest("more handlers than connections: all are handled, and pushes are still stored", async (t) => {
  const schema = await Schema.create(t);
  await schema.rows("create table $schema.effects (push text)");
  const inbox = await schema.open({ concurrency: 40 });
  let running = 0;
  let maxRunning = 0;
  inbox.consume(async ({ id }, { transaction }) => {
    await transaction?.query(`insert into ${schema.name}.effects values ($1)`, [id]);
    maxRunning = Math.max(maxRunning, ++running);
    await until(() => maxRunning >= 7);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running--;
  });
  await Promise.all(Array.from({ length: 100 }, (_, i) => inbox.put(storedPush({ subject: `s${i}` }))));
  await until(async () => (await schema.rows("select from $schema.effects")).length === 100);
  assert.equal(maxRunning, 7, "3 of the 10 connections are left");
});

postgresTest("with a pool of one connection, a transaction is rejected with a reason", async (t) => {
  const pool = makePool(t, { connectionString: (await sharedServer()).url, max: 1 });
  const effects = await Effects.start(t, (transaction) => transaction.query("select 1"), { pool, retries: 0 });
  await until(async () => (await effects.state()) === "dead");
  assert.match(String(effects.failures[0]), /a pool of at least 2 connections/);
});

postgresTest("an observer sees handled after the commit, and a failed commit as failed", async (t) => {
  const schema = await Schema.create(t);
  await schema.rows("create table $schema.effects (push text unique deferrable initially deferred)");
  const seen: string[] = [];
  const receiver = airudder({
    key: KEY,
    warnings: false,
    inbox: schema.inbox(),
    observe: ({ event }) => void seen.push(event),
  });
  receiver.on("call.completed", async (_, { transaction }) => {
    await transaction.query(`insert into ${schema.name}.effects values ('x')`);
    // Only COMMIT finds the violation of the deferred constraint.
    if (!seen.includes("failed")) await transaction.query(`insert into ${schema.name}.effects values ('x')`);
  });
  await receiver.ready();
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  await until(() => seen.includes("handled"));
  await receiver.close();
  assert.deepEqual(seen, ["accepted", "failed", "handled"]);
  assert.equal((await schema.rows("select from $schema.effects")).length, 1);
});

postgresTest("the transaction of a replay commits on success and rolls back on failure", async (t) => {
  const schema = await Schema.create(t);
  await schema.rows("create table $schema.effects (push text)");
  const inbox = await schema.open();
  let isBroken = true;
  inbox.consume(async (_, { transaction }) => {
    await transaction?.query(`insert into ${schema.name}.effects values ('x')`);
    if (isBroken) throw new Error("broken");
  });
  const replay = (): Promise<string> =>
    (inbox as Required<Inbox<pg.PoolClient>>).replay(storedPush({ subject: "s", replay: "r" }));
  await assert.rejects(replay(), /broken/);
  assert.equal((await schema.rows("select from $schema.effects")).length, 0);
  isBroken = false;
  assert.equal(await replay(), "handled");
  assert.equal((await schema.rows("select from $schema.effects")).length, 1);
});

postgresTest("the server rolls back the transaction of a process that stops before its COMMIT", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open();
  await inbox.put(storedPush({ subject: "s" }));
  const client = await schema.pool.connect();
  client.on("error", () => undefined);
  atEnd(t, () => client.release(true));
  await client.query("begin; set local airudder.attempt = 'a'; set local idle_in_transaction_session_timeout = 60000");
  await client.query(`select ${schema.name}.finish('[]', 'a', 100)`);
  const { rows } = await client.query("show idle_in_transaction_session_timeout");
  assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: "5s" }]);
});
