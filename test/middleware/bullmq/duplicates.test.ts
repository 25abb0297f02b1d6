import assert from "node:assert/strict";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { redisTest } from "../../helpers/redis.js";
import { until } from "../../helpers/until.js";
import { makeClient, newQueue, openInbox, pushOf, sharedRedis } from "./redis.js";

const server = sharedRedis();

async function keyOfSubject(client: Redis, queue: string): Promise<string> {
  const [key, ...others] = await client.keys(`bull:${queue}:airudder-last:*`);
  assert.deepEqual(others, []);
  return key as string;
}

/** Sets the state of a subject that a process leaves if it ends while it stores the push `id`. */
async function leaveReserved(client: Redis, key: string, id: string, sha = "sha of A"): Promise<void> {
  const [now] = await client.time();
  await client.hset(key, { reservedSha: sha, reservedId: id, reservedAt: Number(now) * 1_000 });
}

redisTest("equal pushes that arrive at two inboxes at once are stored once; A, B, A are three pushes", async (t) => {
  const queue = newQueue();
  const [first, second] = [
    await openInbox(t, await server(), { queue }),
    await openInbox(t, await server(), { queue }),
  ];
  for (const [i, body] of ["A", "B", "A"].entries()) {
    const results = await Promise.all([
      first.put(pushOf("call", body)),
      second.put(pushOf("call", body)),
      first.put(pushOf("call", body)),
      second.put(pushOf("call", body)),
    ]);
    assert.deepEqual(results.sort(), ["duplicate", "duplicate", "duplicate", "stored"], `${i} ${body}`);
  }
  const client = makeClient(t, await server());
  assert.equal(await client.llen(`bull:${queue}:wait`), 3);
});

redisTest("if a process ends after it added the job, the push that Airudder sends again is a duplicate", async (t) => {
  const queue = newQueue();
  const inbox = await openInbox(t, await server(), { queue });
  const client = makeClient(t, await server());
  const push = pushOf("call", "A");
  assert.equal(await inbox.put(push), "stored");
  const key = await keyOfSubject(client, queue);
  await until(async () => (await client.hexists(key, "at")) === 1);
  await client.hdel(key, "sha", "at");
  await leaveReserved(client, key, push.id);
  assert.equal(await inbox.put(pushOf("call", "A")), "duplicate");
  assert.equal(await inbox.put(pushOf("call", "A")), "duplicate");
  assert.equal(await client.llen(`bull:${queue}:wait`), 1);
});

redisTest(
  "if a process ends before it added the job, the push is stored when it is sent again, under the same id",
  async (t) => {
    const queue = newQueue();
    const inbox = await openInbox(t, await server(), { queue });
    const client = makeClient(t, await server());
    await inbox.put(pushOf("call", "first"));
    await leaveReserved(client, await keyOfSubject(client, queue), "id-of-the-dead-process");
    assert.deepEqual((await Promise.all([inbox.put(pushOf("call", "A")), inbox.put(pushOf("call", "A"))])).sort(), [
      "duplicate",
      "stored",
    ]);
    // The process was not dead, only slow: adding its job changes nothing.
    const bullmq = new Queue(queue, { connection: { url: (await server()).url } });
    await bullmq.add("unknown", {}, { jobId: "id-of-the-dead-process" });
    await bullmq.close();
    assert.equal(await client.llen(`bull:${queue}:wait`), 2);
    const seen: string[] = [];
    inbox.consume(({ id, body }) => void seen.push(`${id === "id-of-the-dead-process"} ${body}`));
    await until(() => seen.length === 2);
    assert.deepEqual(seen.sort(), ["false first", "true A"]);
  },
);

redisTest("while it is unknown which push of a subject was stored last, no push is a duplicate", async (t) => {
  const queue = newQueue();
  const inbox = await openInbox(t, await server(), { queue });
  const client = makeClient(t, await server());
  await inbox.put(pushOf("call", "first"));
  const key = await keyOfSubject(client, queue);
  await until(async () => (await client.hexists(key, "at")) === 1);
  // A process ends while it stores B, so B may be the last push.
  await leaveReserved(client, key, "b", "sha of B");
  assert.equal(await inbox.put(pushOf("call", "first")), "stored");
  assert.equal(await inbox.put(pushOf("call", "first")), "duplicate");
});

redisTest("a push that was handled and removed still has duplicates, until the window ends", async (t) => {
  const queue = newQueue();
  const inbox = await openInbox(t, await server(), { queue, retentionCount: 0 });
  const client = makeClient(t, await server());
  inbox.consume(() => undefined);
  const push = pushOf("call", "A");
  await inbox.put(push, 500);
  await until(async () => (await client.exists(`bull:${queue}:${push.id}`)) === 0);
  assert.equal(await inbox.put(pushOf("call", "A"), 500), "duplicate");
  await until(async () => (await client.keys(`bull:${queue}:airudder-last:*`)).length === 0);
  assert.equal(await inbox.put(pushOf("call", "A"), 500), "stored");
});

redisTest("the keys contain no subject, and a push with a window of 0 leaves none", async (t) => {
  const queue = newQueue();
  const inbox = await openInbox(t, await server(), { queue });
  const client = makeClient(t, await server());
  await inbox.put(pushOf("+4915112345678", "A"), 0);
  assert.equal(await inbox.put(pushOf("+4915112345678", "A"), 0), "stored");
  assert.deepEqual(await client.keys(`bull:${queue}:airudder-last:*`), []);
  await inbox.put(pushOf("+4915112345678", "A"));
  assert.doesNotMatch(await keyOfSubject(client, queue), /4915112345678/);
});
