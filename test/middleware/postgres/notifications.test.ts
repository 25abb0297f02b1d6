import assert from "node:assert/strict";
import { once } from "node:events";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { makePool, postgresTest } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { proxiedPool, removeServer, Schema, sharedServer } from "./server.js";

after(removeServer);

let subjects = 0;
const push = () => storedPush({ subject: `subject ${++subjects}` });

const events = { recovered: () => undefined, failed: () => undefined, dead: () => undefined };

postgresTest(
  "with notifyPool, an idle worker handles a push of another process without waiting for its poll",
  async (t) => {
    const schema = await Schema.create(t);
    const { url } = await sharedServer();
    const open = () => schema.open({ notifyPool: makePool(t, { connectionString: url, max: 2 }) });
    const [storing, working] = [await open(), await open()];
    const handled: string[] = [];
    working.consume(({ id }) => void handled.push(id));
    const waits: number[] = [];
    for (let n = 1; n <= 5; n++) {
      await sleep(800); // until the interval of its polls is 500 ms
      const storedAt = performance.now();
      await storing.put(push());
      await until(() => handled.length === n);
      waits.push(performance.now() - storedAt);
    }
    const meanMs = waits.reduce((sum, wait) => sum + wait) / waits.length;
    assert.ok(meanMs < 100, `handled after ${waits.map(Math.round)} ms; with polls alone, the mean is 250 ms`);
  },
);

postgresTest("a retry also notifies; pushes that arrive together share a notification", async (t) => {
  const schema = await Schema.create(t);
  const { url } = await sharedServer();
  const inbox = await schema.open({ notifyPool: makePool(t, { connectionString: url }), retries: 0 });
  const listener = await makePool(t, { connectionString: url }).connect();
  atEnd(t, () => listener.release(true));
  await listener.query(`listen ${schema.name}`);
  const notifications: unknown[] = [];
  listener.on("notification", (message) => notifications.push(message));
  await Promise.all(Array.from({ length: 200 }, () => inbox.put(push())));
  await until(() => notifications.length > 0);
  await sleep(200);
  assert.ok(notifications.length <= 4, `${notifications.length} notifications for 200 pushes`);
  const [{ id } = { id: "" }] = await schema.rows<{ id: string }>("select id from $schema.pushes limit 1");
  await schema.rows("update $schema.pushes set state = 'dead' where id = $1", [id]);
  const notified = once(listener, "notification");
  assert.equal(await inbox.retry(id), true);
  await notified;
});

postgresTest(
  "without LISTEN, a warning is emitted once and pushes are still handled; it listens again after an outage",
  async (t) => {
    const schema = await Schema.create(t);
    const { pool: notifyPool, proxy } = await proxiedPool(t);
    const warnings: string[] = [];
    proxy.reject();
    const working = await schema.open({ notifyPool }, { ...events, warn: (code) => void warnings.push(code) });
    const storing = await schema.open();
    const handled: string[] = [];
    working.consume(({ id }) => void handled.push(id));
    await storing.put(push());
    await until(() => handled.length === 1);
    await sleep(1_500);
    assert.deepEqual(warnings, ["AIRUDDER_NOTIFY_UNAVAILABLE"]);
    const listens = async () =>
      (await schema.rows(`select from pg_stat_activity where query = 'listen "' || $1 || '"'`, [schema.name])).length;
    proxy.restore();
    await until(async () => (await listens()) === 1);
    proxy.cut();
    await until(async () => (await listens()) === 0);
    await until(async () => (await listens()) === 1);
    assert.deepEqual(warnings, ["AIRUDDER_NOTIFY_UNAVAILABLE", "AIRUDDER_NOTIFY_UNAVAILABLE"]);
    await working.close(1_000);
    await until(async () => (await listens()) === 0);
  },
);
