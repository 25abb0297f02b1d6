import assert from "node:assert/strict";
import { Quarantined } from "airudder-webhooks/inbox";
import { Queue } from "bullmq";
import { redisTest } from "../../helpers/redis.js";
import { until } from "../../helpers/until.js";
import { makeClient, makeEvents, makeInbox, newQueue, openInbox, pushOf, sharedRedis } from "./redis.js";

const server = sharedRedis();

redisTest(
  "dead and quarantined pushes are BullMQ's failed jobs, with a redacted reason and without a stack",
  async (t) => {
    const queue = newQueue();
    const redis = await server();
    const inbox = await openInbox(t, redis, { queue, retries: 1 });
    inbox.consume(({ body }) => {
      if (body.toString() === "quarantined") throw new Quarantined();
      throw new Error("no customer with the number +4915112345678");
    });
    const dead = pushOf("a", "dead");
    const quarantined = pushOf("b", "quarantined");
    for (const push of [dead, quarantined]) await inbox.put(push);
    const bullmq = new Queue(queue, { connection: { url: redis.url } });
    try {
      await until(async () => (await bullmq.getFailedCount()) === 2);
      const job = await bullmq.getJob(dead.id);
      assert.equal(job?.name, "unknown");
      assert.equal(job?.attemptsMade, 2);
      assert.equal(job?.data.body, "dead");
      assert.match(job?.failedReason ?? "", /^Error: no customer with the number /);
      const client = makeClient(t, redis);
      const fields = await client.hgetall(`bull:${queue}:${dead.id}`);
      assert.doesNotMatch(JSON.stringify(fields), /4915112345678/);
      assert.equal(fields.stacktrace, "[]");
      assert.equal((await bullmq.getJob(quarantined.id))?.attemptsMade, 1);
      const [listed] = (await inbox.dead?.(quarantined.id)) ?? [];
      assert.equal(listed?.state, "quarantined");
    } finally {
      await bullmq.close();
    }
  },
);

redisTest("the exact bytes are stored: text that is valid UTF-8 stays readable, other bytes are base64", async (t) => {
  const queue = newQueue();
  const redis = await server();
  const inbox = await openInbox(t, redis, { queue });
  const seen: Buffer[] = [];
  inbox.consume(({ body }) => void seen.push(body));
  const bodies = [
    Buffer.from('\ufeff{ "odd" : "\\/ 1.0 😀\u0000" }'),
    Buffer.from([0x7b, 0xff, 0xfe, 0x80, 0x00, 0x7d]),
    Buffer.alloc(0),
  ];
  for (const [i, body] of bodies.entries()) {
    await inbox.put({ ...pushOf(`call ${i}`, String(i)), body });
    await until(() => seen.length === i + 1);
    assert.ok(body.equals(seen[i] as Buffer), body.toString("hex"));
  }
});

redisTest(
  "a job that is not a push, or that a later version stored, is kept as failed, and causes a warning",
  async (t) => {
    const queue = newQueue();
    const redis = await server();
    const { events, warnings } = makeEvents();
    const inbox = makeInbox(t, redis, { queue });
    await inbox.open(events);
    inbox.consume(() => assert.fail("not a push"));
    const bullmq = new Queue(queue, { connection: { url: redis.url } });
    try {
      await bullmq.add("mail", { to: "someone" }, { attempts: 3 });
      await bullmq.add("unknown", { kind: "push", version: 2, headers: {}, encoding: "utf8", body: "{}" });
      await until(async () => (await bullmq.getFailedCount()) === 2);
      assert.match(warnings.map(({ message }) => message).join(), /The job is not a push of airudder-webhooks/);
      assert.match(
        warnings.map(({ message }) => message).join(),
        /format version 2; this version of airudder-webhooks reads 1/,
      );
      assert.deepEqual(await inbox.dead?.(), []);
    } finally {
      await bullmq.close();
    }
  },
);

redisTest("handled pushes are removed beyond the retention; dead ones are kept", async (t) => {
  const queue = newQueue();
  const redis = await server();
  const inbox = await openInbox(t, redis, { queue, retentionCount: 3, retries: 0 });
  let count = 0;
  inbox.consume(({ body }) => {
    count++;
    if (body.toString() === "dead") throw new Error("never");
  });
  for (let i = 0; i < 10; i++) await inbox.put(pushOf(`call ${i}`, i % 5 === 0 ? "dead" : "handled"));
  await until(() => count === 10);
  const client = makeClient(t, redis);
  await until(async () => (await client.zcard(`bull:${queue}:completed`)) === 3);
  assert.equal((await inbox.dead?.())?.length, 2);
});
