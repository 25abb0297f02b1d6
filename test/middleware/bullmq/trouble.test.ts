import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type AirudderOptions, airudder } from "airudder-webhooks";
import { atEnd } from "../../helpers/at-end.js";
import { agentStatus, webRequest } from "../../helpers/push.js";
import { type RedisServer, redisTest, startRedis } from "../../helpers/redis.js";
import { until } from "../../helpers/until.js";
import { makeClient, makeInbox } from "./redis.js";

interface App {
  /** Sends a push, and returns the status and the code of the error, if any. */
  send(task: string): Promise<string>;
  /** How often each task was handled. */
  readonly handled: Map<string, number>;
  readonly receiver: ReturnType<typeof airudder>;
}

/** An app with an inbox on the server. */
function startApp(t: TestContext, server: RedisServer, options: AirudderOptions = {}): App {
  const handled = new Map<string, number>();
  const receiver = airudder({ inbox: makeInbox(t, server), key: "k", token: false, warnings: false, ...options });
  atEnd(t, () => receiver.close({ timeoutMs: 100 }));
  receiver.on("dialer.agent", ({ payload }) => {
    const task = String(payload.pds?.body.taskId);
    handled.set(task, (handled.get(task) ?? 0) + 1);
  });
  const send = async (taskId: string): Promise<string> => {
    const response = await receiver.fetch(webRequest(agentStatus({ taskId })));
    const { error } = (await response.json()) as { error?: { code: string } };
    return error === undefined ? String(response.status) : `${response.status} ${error.code}`;
  };
  return { send, handled, receiver };
}

const UNAVAILABLE = "503 inbox_unavailable";

redisTest("Redis is down at start: 503, then normal service without a restart", async (t) => {
  const server = await startRedis(t);
  await server.stop();
  const { send, handled, receiver } = startApp(t, server);
  const down = send("down");
  await assert.rejects(receiver.ready(), /Redis did not respond within 3000 ms \(queue .*\): Error \[ECONNREFUSED\]/);
  assert.equal(await down, UNAVAILABLE);
  await server.start();
  await until(async () => (await send("up")) === "200");
  await until(() => handled.get("up") === 1);
  assert.deepEqual([...handled.keys()], ["up"]);
});

redisTest("Redis is killed under load and restarted: every acknowledged push is handled", async (t) => {
  const server = await startRedis(t);
  // Redis may store the start of a job without the worker receiving the response. Such a job waits until its lease expires.
  const inbox = makeInbox(t, server, { leaseMs: 1_000 });
  const { send, handled, receiver } = startApp(t, server, { inbox });
  const printed = t.mock.method(console, "error", () => undefined);
  await receiver.ready();
  const results = new Map<string, Promise<string>>();
  let isLoaded = true;
  const load = (async () => {
    for (let i = 0; isLoaded; i++) {
      results.set(`push ${i}`, send(`push ${i}`));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, 3_500));
  await server.start();
  await until(async () => (await send("after")) === "200");
  await new Promise((resolve) => setTimeout(resolve, 200));
  isLoaded = false;
  await load;
  const acknowledged: string[] = [];
  const others = new Set<string>();
  for (const [name, result] of results) {
    if ((await result) === "200") acknowledged.push(name);
    else others.add(await result);
  }
  assert.deepEqual([...others], [UNAVAILABLE]);
  assert.ok(acknowledged.length > 10, String(acknowledged.length));
  await until(() => acknowledged.every((name) => handled.has(name)), 30_000);
  assert.equal(printed.mock.callCount(), 0, "ioredis prints no unhandled errors");
});

redisTest("Redis is frozen: 503, later pushes immediately; each push that is sent again is handled once", async (t) => {
  const server = await startRedis(t);
  const { send, handled, receiver } = startApp(t, server);
  await receiver.ready();
  assert.equal(await send("before"), "200");
  process.kill(server.pid as number, "SIGSTOP");
  const tasks = Array.from({ length: 20 }, (_, i) => `push ${i}`);
  try {
    assert.deepEqual(new Set(await Promise.all(tasks.map(send))), new Set([UNAVAILABLE]));
    const startedAt = performance.now();
    assert.equal(await send("later"), UNAVAILABLE);
    assert.ok(performance.now() - startedAt < 2_000, "does not wait for Redis again");
    assert.equal(receiver.stats().inbox?.open, false);
  } finally {
    process.kill(server.pid as number, "SIGCONT");
  }
  for (const task of tasks) await until(async () => (await send(task)) === "200");
  await until(() => tasks.every((task) => handled.has(task)));
  assert.deepEqual(
    tasks.filter((task) => handled.get(task) !== 1),
    [],
  );
});

redisTest("Redis is out of memory: 503, then normal service", async (t) => {
  const server = await startRedis(t);
  const client = makeClient(t, server);
  const { send, handled, receiver } = startApp(t, server);
  await receiver.ready();
  assert.equal(await send("before"), "200");
  await client.config("SET", "maxmemory", "1mb");
  assert.equal(await send("full"), UNAVAILABLE);
  assert.equal(await send("full"), UNAVAILABLE);
  await client.config("SET", "maxmemory", "0");
  assert.equal(await send("full"), "200");
  await until(() => handled.size === 2);
  assert.deepEqual([...handled.values()], [1, 1]);
});

redisTest("Redis becomes a read-only replica: 503, then normal service after the failover", async (t) => {
  const server = await startRedis(t);
  const client = makeClient(t, server);
  const { send, handled, receiver } = startApp(t, server);
  await receiver.ready();
  await client.replicaof("127.0.0.1", "1");
  assert.equal(await send("read-only"), UNAVAILABLE);
  await client.replicaof("NO", "ONE");
  await until(async () => (await send("read-only")) === "200");
  await until(() => handled.get("read-only") === 1);
});
