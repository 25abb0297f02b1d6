import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, type TestContext } from "node:test";
import { airudder, type Receiver } from "airudder-webhooks";
import { postgresInbox } from "airudder-webhooks/postgres";
import pg from "pg";
import { atEnd } from "../../helpers/at-end.js";
import { makePool, PostgresServer, postgresTest } from "../../helpers/postgres.js";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { smallVolume } from "../../helpers/small-volume.js";
import { TcpProxy } from "../../helpers/tcp-proxy.js";
import { until } from "../../helpers/until.js";

let shared: Promise<PostgresServer> | undefined;
const server = (): Promise<PostgresServer> => (shared ??= PostgresServer.start());
let restarted: Promise<PostgresServer> | undefined;
/** A server that tests stop and start. */
const restartedServer = (): Promise<PostgresServer> => (restarted ??= PostgresServer.start());
after(async () => {
  await (await shared)?.remove();
  await (await restarted)?.remove();
});

/** Maximum time until a response: 3 seconds, and a margin for a slow machine. Milliseconds. */
const LIMIT_MS = 4_500;

let schemas = 0;

/** An app with one receiver, and what its handler has seen. */
class App {
  readonly handled: string[] = [];
  readonly receiver: Receiver<pg.PoolClient>;
  readonly pool: pg.Pool;
  readonly schema = `trouble_${++schemas}`;
  /** The tasks whose response was 200. */
  readonly acknowledged: string[] = [];

  constructor(t: TestContext, config: pg.PoolConfig) {
    this.pool = makePool(t, { max: 6, connectionTimeoutMillis: 2_000, ...config });
    const inbox = postgresInbox({ pool: this.pool, schema: this.schema, retryMs: 20, leaseMs: 1_000 });
    this.migrate = () => inbox.migrate();
    this.receiver = airudder({ key: KEY, warnings: false, inbox });
    this.receiver.on("call.completed", ({ payload }) => void this.handled.push(payload.TaskID));
    atEnd(t, () => this.receiver.close({ timeoutMs: 500 }));
  }

  readonly migrate: () => Promise<void>;

  static async start(t: TestContext, config?: pg.PoolConfig): Promise<App> {
    const app = new App(t, config ?? { connectionString: (await server()).url });
    await app.migrate();
    await app.receiver.ready();
    return app;
  }

  /** Sends a push about a task, and returns the status of the response. Fails if it takes too long. */
  async send(task: string): Promise<number> {
    const at = performance.now();
    const call = { ...(callCompleted().Details as object[])[0], CallID: task };
    const response = await this.receiver.fetch(webRequest(callCompleted({ TaskID: task, Details: [call] })));
    const ms = performance.now() - at;
    assert.ok(ms < LIMIT_MS, `the response ${response.status} took ${ms} ms`);
    if (response.status === 200) this.acknowledged.push(task);
    else assert.match(await response.text(), /inbox_unavailable/);
    return response.status;
  }

  /** Sends pushes until one is stored, then waits until all that were acknowledged are handled. */
  async recovers(): Promise<void> {
    let sent = 0;
    await until(async () => (await this.send(`recovery ${sent++}`)) === 200, 15_000);
    await until(() => this.acknowledged.every((task) => this.handled.includes(task)), 15_000);
  }
}

postgresTest("the server is down at start: 503, then normal service without a restart", async (t) => {
  const own = await restartedServer();
  const app = new App(t, { connectionString: own.url });
  await app.migrate();
  await own.stop();
  await assert.rejects(app.receiver.ready());
  assert.equal(await app.send("a"), 503);
  await own.start();
  await app.recovers();
});

postgresTest("the server restarts before the inbox is open: the process goes on", async (t) => {
  const database = await restartedServer();
  const pool = new pg.Pool({ connectionString: database.url });
  atEnd(t, () => pool.end());
  await postgresInbox({ pool, schema: "idle" }).migrate();
  assert.equal(pool.idleCount, 1, "an error of this connection reaches the pool");
  await database.kill();
  await until(() => pool.totalCount === 0);
  await database.start();
});

postgresTest("the server restarts under load: every acknowledged push is handled", async (t) => {
  const own = await restartedServer();
  const app = await App.start(t, { connectionString: own.url });
  let isOver = false;
  let rejected = 0;
  const senders = [1, 2, 3, 4].map(async (sender) => {
    for (let i = 0; !isOver; i++) {
      if ((await app.send(`${sender}-${i}`)) !== 200) rejected++;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  await until(() => app.handled.length > 20);
  await own.kill();
  await until(() => rejected > 0);
  await own.start();
  const before = app.acknowledged.length;
  await until(() => app.acknowledged.length > before + 20, 20_000);
  isOver = true;
  await Promise.all(senders);
  await app.recovers();
});

postgresTest("Linux as root only: the disk of the server is full: 503, then normal service", async (t) => {
  const volume = smallVolume(t, "8m");
  if (volume === undefined) return t.skip("a tmpfs cannot be mounted here");
  execFileSync("chown", ["postgres", volume]);
  const { url } = await server();
  const admin = makePool(t, { connectionString: url });
  await admin.query(`create tablespace small location '${volume}'`);
  atEnd(t, async () => {
    await admin.query(`drop schema ${app.schema} cascade`);
    await admin.query("drop tablespace small");
  });
  const app = await App.start(t, { connectionString: url, options: "-c default_tablespace=small" });
  await admin.query("create table filler (data text) tablespace small");
  const fill = (): Promise<unknown> =>
    admin.query("insert into filler select repeat(n::text, 100) from generate_series(1, 100) n").then(fill);
  await assert.rejects(fill(), { code: "53100" });
  let sent = 0;
  // The first ones may fit into pages that are not full.
  await until(async () => (await app.send(`full ${sent++}`)) === 503, 15_000);
  await admin.query("drop table filler");
  await app.recovers();
});

postgresTest("a frozen server: 503 within 3 seconds, then normal service (signals: not on Windows)", async (t) => {
  if (process.platform === "win32") return;
  const app = await App.start(t);
  const pids = (
    await app.pool.query<{ pid: number }>("select pid from pg_stat_activity where backend_type = 'client backend'")
  ).rows;
  const { pid = 0 } = await server();
  const all = [pid, ...pids.map((row) => row.pid)];
  for (const each of all) process.kill(each, "SIGSTOP");
  const thaw = (): void => all.forEach((each) => void process.kill(each, "SIGCONT"));
  try {
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((task) => app.send(task))), [503, 503, 503]);
  } finally {
    thaw();
  }
  await app.recovers();
});

postgresTest("a network that loses all data: 503 within 3 seconds, then normal service", async (t) => {
  const proxy = await TcpProxy.start((await server()).port);
  atEnd(t, () => proxy.close());
  const app = await App.start(t, { host: "127.0.0.1", port: proxy.port, user: "test", database: "postgres" });
  proxy.discardData();
  assert.deepEqual(await Promise.all(["a", "b"].map((task) => app.send(task))), [503, 503]);
  proxy.restore();
  await app.recovers();
});

postgresTest(
  "connections that are cut, as in a failover: nothing acknowledged is lost, and few pushes are rejected",
  async (t) => {
    const proxy = await TcpProxy.start((await server()).port);
    atEnd(t, () => proxy.close());
    const app = await App.start(t, { host: "127.0.0.1", port: proxy.port, user: "test", database: "postgres" });
    for (let i = 0; i < 20; i++) {
      const sending = Promise.all([1, 2, 3].map((n) => app.send(`${i}-${n}`)));
      if (i % 4 === 0) proxy.cut();
      await sending;
    }
    assert.ok(app.acknowledged.length > 40, `${app.acknowledged.length} of 60`);
    await app.recovers();
    const { rows } = await app.pool.query(`select from ${app.schema}.pushes group by sha256 having count(*) > 1`);
    assert.equal(rows.length, 0, "a push that was stored before the cut is not stored again");
  },
);

postgresTest("a read-only server, such as a standby after a failover: 503, then normal service", async (t) => {
  const app = await App.start(t);
  const admin = makePool(t, {
    connectionString: (await server()).url,
    options: "-c default_transaction_read_only=off",
  });
  await admin.query("alter system set default_transaction_read_only = on");
  await admin.query("select pg_reload_conf()");
  const setting = async (): Promise<string> =>
    (await app.pool.query("select current_setting('default_transaction_read_only') as value")).rows[0].value;
  await until(async () => (await setting()) === "on");
  assert.equal(await app.send("a"), 503);
  await admin.query("alter system reset default_transaction_read_only");
  await admin.query("select pg_reload_conf()");
  await app.recovers();
});

postgresTest("all connections of the pool are in use: 503 within 3 seconds, then normal service", async (t) => {
  const app = await App.start(t, { connectionString: (await server()).url, connectionTimeoutMillis: 10_000 });
  const taken = await Promise.all(Array.from({ length: 6 }, () => app.pool.connect()));
  try {
    assert.deepEqual(await Promise.all(["a", "b"].map((task) => app.send(task))), [503, 503]);
  } finally {
    for (const client of taken) client.release();
  }
  await app.recovers();
});

postgresTest("a transaction elsewhere that locks a subject delays only the pushes of this subject", async (t) => {
  const app = await App.start(t);
  assert.equal(await app.send("locked"), 200);
  const other = makePool(t, { connectionString: (await server()).url });
  const client = await other.connect();
  await client.query(`begin; select from ${app.schema}.subjects where key like '%locked%' for update`);
  const at = performance.now();
  const blocked = app.send("locked");
  const others = await Promise.all(Array.from({ length: 20 }, (_, i) => app.send(`other ${i}`)));
  assert.deepEqual(new Set(others), new Set([200]));
  const ms = performance.now() - at;
  assert.equal(await blocked, 503);
  assert.ok(ms < 2_500, `the others took ${ms} ms`);
  await until(() => others.every((_, i) => app.handled.includes(`other ${i}`)));
  await client.query("rollback");
  client.release();
  assert.equal(await app.send("locked"), 200);
  await app.recovers();
});

postgresTest(
  "the schema is missing: ready() names migrate(), and the service starts once the tables are there",
  async (t) => {
    const app = new App(t, { connectionString: (await server()).url });
    await assert.rejects(app.receiver.ready(), /The schema "trouble_\d+" has no tables.*inbox\.migrate\(\)/);
    assert.equal(await app.send("a"), 503);
    await app.migrate();
    await app.recovers();
  },
);
