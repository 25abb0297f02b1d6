import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AirudderError, type AirudderEvent, type AirudderOptions, airudder } from "airudder-webhooks";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { MemoryStorage, type MemoryTransaction, SharedMemoryInbox } from "../../helpers/shared-memory-inbox.js";
import { until } from "../../helpers/until.js";

/** A receiver on a storage that several processes share. */
function start(t: TestContext, storage: MemoryStorage, options: AirudderOptions<MemoryTransaction> = {}) {
  const events: AirudderEvent[] = [];
  const receiver = airudder({
    key: KEY,
    warnings: false,
    allowReplays: true,
    inbox: new SharedMemoryInbox(storage),
    observe: (event) => events.push(event),
    ...options,
  });
  t.after(() => receiver.close());
  return { receiver, results: () => events.map(({ event }) => event) };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

test("a process with work: false stores pushes, and another one handles them", async (t) => {
  const storage = new MemoryStorage();
  const storing = start(t, storage, { work: false });
  const handled: string[] = [];
  storing.receiver.on("*", () => void handled.push("storing"));
  await storing.receiver.ready();
  assert.equal((await storing.receiver.fetch(webRequest(callCompleted()))).status, 200);
  await settle();
  assert.deepEqual([handled, storing.results()], [[], ["accepted"]]);
  const working = start(t, storage);
  working.receiver.on("*", () => void handled.push("working"));
  await working.receiver.work();
  await until(() => working.results().includes("handled"));
  await settle();
  assert.deepEqual([handled, storing.results()], [["working"], ["accepted"]]);
});

test("a process with work: false handles pushes from its call of work()", async (t) => {
  const { receiver, results } = start(t, new MemoryStorage(), { work: false });
  receiver.on("*", () => undefined);
  await receiver.fetch(webRequest(callCompleted()));
  await settle();
  assert.deepEqual(results(), ["accepted"]);
  await receiver.work();
  await until(() => results().includes("handled"));
  await receiver.fetch(webRequest(callCompleted({ TaskID: "another" })));
  await until(() => results().filter((each) => each === "handled").length === 2);
});

test("a process with work: false stores a retry without a handler, and one that works handles it", async (t) => {
  const storage = new MemoryStorage();
  const failing = start(t, storage);
  failing.receiver.on("*", () => {
    throw new Error("never");
  });
  await failing.receiver.fetch(webRequest(callCompleted()));
  await until(() => failing.results().includes("dead"));
  await failing.receiver.close();
  const storing = start(t, storage, { work: false });
  const [push] = await storing.receiver.dead();
  assert.ok(push);

  const withoutHandler = start(t, storage);
  await assert.rejects(
    withoutHandler.receiver.retry(push.id),
    (error: AirudderError) => error instanceof AirudderError && error.code === "no_handler",
  );
  await withoutHandler.receiver.close();

  assert.equal(await storing.receiver.retry(push.id), true);
  assert.equal(await storing.receiver.retry(push.id), false);
  const fixed = start(t, storage);
  fixed.receiver.on("*", () => undefined);
  await fixed.receiver.work();
  await until(() => fixed.results().includes("handled"));
  assert.deepEqual(await storing.receiver.dead(), []);
});

test("a process with work: false drops dead pushes", async (t) => {
  const storage = new MemoryStorage();
  const failing = start(t, storage);
  failing.receiver.on("*", () => {
    throw new Error("never");
  });
  await failing.receiver.fetch(webRequest(callCompleted()));
  await until(() => failing.results().includes("dead"));
  const storing = start(t, storage, { work: false });
  const [push] = await storing.receiver.dead();
  assert.equal(await storing.receiver.drop(push?.id ?? ""), true);
  assert.deepEqual(await failing.receiver.dead(), []);
});

test("a process with work: false rejects replays, because a replay is handled before its response", async (t) => {
  const { receiver } = start(t, new MemoryStorage(), { work: false });
  const response = await receiver.fetch(webRequest(callCompleted(), { "airudder-replay": "recorded" }));
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  assert.deepEqual([response.status, error.code], [403, "replay_not_allowed"]);
  assert.match(error.message, /work/);
});

test("handlers write through the transaction of the inbox: committed once, and only if they succeed", async (t) => {
  const storage = new MemoryStorage();
  const { receiver, results } = start(t, storage);
  receiver.on("call.completed", ({ attempt }, { transaction }) => {
    transaction.push(`attempt ${attempt}`);
    if (attempt === 1) throw new Error("not yet");
  });
  await receiver.fetch(webRequest(callCompleted()));
  await until(() => results().includes("handled"));
  assert.deepEqual(storage.effects, ["attempt 2"]);
});
