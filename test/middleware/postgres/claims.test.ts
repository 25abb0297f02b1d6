import assert from "node:assert/strict";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { postgresTest } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { proxiedPool, removeServer, Schema, sharedServer } from "./server.js";

after(removeServer);

let count = 0;
const push = (subject = `subject ${++count}`, sha256 = "A") =>
  storedPush({ subject, sha256, body: Buffer.from(sha256) });
const never = () => new Promise<void>(() => undefined);

postgresTest("a process that has room claims a push while it stores it; without room, the push waits", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open({ concurrency: 2 });
  inbox.consume(never);
  await sleep(100); // until its first claim has found nothing
  const states: string[] = [];
  for (let n = 0; n < 4; n++) {
    const { id, ...rest } = push();
    await inbox.put({ id, ...rest });
    const [row] = await schema.rows<{ state: string }>("select state from $schema.pushes where id = $1", [id]);
    states.push(row?.state ?? "");
  }
  assert.deepEqual(states, ["running", "running", "waiting", "waiting"]);
});

postgresTest(
  "a process without a worker claims nothing; a later push of an unfinished subject is blocked",
  async (t) => {
    const schema = await Schema.create(t);
    const [storing, working] = [await schema.open(), await schema.open()];
    await storing.put(push("a"));
    await storing.put(push("a", "B"));
    working.consume(never);
    await working.put(push("a", "C"));
    await working.put(push("b"));
    const count = async (state: string) =>
      (await schema.rows(`select from $schema.pushes where state = '${state}'`)).length;
    await until(async () => (await count("running")) === 2);
    assert.equal(await count("blocked"), 2);
  },
);

postgresTest(
  "close gives back a push that is claimed while it closes, also if the pool ends right after it",
  async (t) => {
    const schema = await Schema.create(t);
    const { url } = await sharedServer();
    const pool = new pg.Pool({ connectionString: url });
    pool.on("error", () => undefined);
    const inbox = await schema.open({ pool });
    inbox.consume(() => undefined);
    await inbox.put(push("s"));
    await sleep(100); // until the process waits for pushes
    // The statement waits for the lock of its subject while the inbox closes.
    const commit = await schema.lockSubjects();
    const putting = inbox.put(push("s", "B"));
    await sleep(50);
    const closing = inbox.close(1_000);
    await sleep(50);
    await commit();
    await closing;
    await pool.end();
    assert.equal(await putting, "stored");
    const states = await schema.rows<{ state: string }>("select state from $schema.pushes order by state");
    assert.deepEqual(
      states.map(({ state }) => state),
      ["handled", "waiting"],
    );
  },
);

postgresTest(
  "a push whose statement was committed without a response is handled before its lease expires",
  async (t) => {
    const schema = await Schema.create(t);
    const { pool, proxy } = await proxiedPool(t);
    const inbox = await schema.open({ pool, leaseMs: 60_000 });
    const handled: string[] = [];
    inbox.consume(({ sha256 }) => void handled.push(sha256));
    await inbox.put(push("s", "A"));
    await until(() => handled.length === 1);
    const commit = await schema.lockSubjects();
    const putting = assert.rejects(inbox.put(push("s", "B")), /did not respond/);
    await sleep(150);
    proxy.discardData();
    await commit();
    await putting;
    proxy.restore();
    proxy.cut();
    await until(() => handled.length === 2);
    assert.deepEqual(handled, ["A", "B"]);
  },
);

postgresTest("under constant load, the pushes of a process that only stores are handled too", async (t) => {
  const schema = await Schema.create(t);
  const storing = await schema.open();
  const working = await schema.open({ concurrency: 2 });
  let isLoaded = true;
  let handledOthers = 0;
  working.consume(async ({ type }) => {
    await sleep(20);
    if (type === "dialer.task") handledOthers++;
  });
  const load = Array.from({ length: 4 }, async () => {
    for (; isLoaded; await sleep(5)) await working.put(push());
  });
  await sleep(200);
  const others = Array.from({ length: 10 }, () => ({ ...push(), type: "dialer.task" as const }));
  await Promise.all(others.map((each) => storing.put(each)));
  await until(() => handledOthers === 10);
  isLoaded = false;
  await Promise.all(load);
});
