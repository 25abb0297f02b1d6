import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AirudderEvent, type AirudderOptions, airudder, fileInbox } from "airudder-webhooks";
import { openJournal, readJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { agentStatus, callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

function start(t: TestContext, dir: string, options: AirudderOptions = {}) {
  const events: AirudderEvent[] = [];
  const inbox = options.inbox ?? fileInbox(dir, { retries: 0 });
  const receiver = airudder({ key: KEY, warnings: false, observe: (event) => events.push(event), ...options, inbox });
  t.after(() => receiver.close({ timeoutMs: 1 }));
  const results = (): string[] =>
    events.flatMap(({ event }) => (["handled", "ignored", "quarantined", "dead"].includes(event) ? [event] : []));
  return { receiver, results };
}

/** Leaves an unhandled push in a folder. */
async function leavePush(t: TestContext, dir: string, payload: unknown = callCompleted()): Promise<void> {
  const { receiver } = start(t, dir);
  let isTaken = false;
  const take = (): Promise<void> => {
    isTaken = true;
    return new Promise(() => undefined);
  };
  receiver.on("*", take).on("quarantined", take);
  assert.equal((await receiver.fetch(webRequest(payload))).status, 200);
  await until(() => isTaken);
  await receiver.close({ timeoutMs: 1 });
}

test("a push that an earlier process left is not handled before ready(), work() or a request", async (t) => {
  const dir = makeFolder(t);
  await leavePush(t, dir);
  const { receiver, results } = start(t, dir);
  receiver.on("*", () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual([results(), existsSync(join(dir, "lock"))], [[], false]);
  await receiver.work();
  await until(() => results().length === 1);
});

test("handling starts by itself 5 seconds after the receiver was created", async (t) => {
  const dir = makeFolder(t);
  await leavePush(t, dir);
  const createdAt = Date.now();
  const { receiver, results } = start(t, dir);
  receiver.on("*", () => undefined);
  // The receiver's own timer keeps no process alive.
  await until(() => results().length === 1);
  assert.ok(Date.now() - createdAt >= 4_900);
});

test("dead() does not start handling", async (t) => {
  const dir = makeFolder(t);
  await leavePush(t, dir);
  const { receiver, results } = start(t, dir);
  assert.deepEqual(await receiver.dead(), []);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(results(), []);
  receiver.on("*", () => undefined);
  await receiver.ready();
  await until(() => results().length === 1);
  assert.deepEqual(results(), ["handled"]);
});

test("a request starts handling, also after dead() has opened the inbox", async (t) => {
  const { receiver, results } = start(t, makeFolder(t));
  const createdAt = Date.now();
  receiver.on("*", () => undefined);
  assert.deepEqual(await receiver.dead(), []);
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  await until(() => results().length === 1);
  assert.ok(Date.now() - createdAt < 4_900, "it waited until handling starts automatically");
});

test("a waiting push is handled by a handler that is registered after handling has started; others do not wait for it", async (t) => {
  const dir = makeFolder(t);
  await leavePush(t, dir);
  const { receiver, results } = start(t, dir);
  receiver.on("dialer.agent", () => undefined);
  await receiver.ready();
  assert.equal((await receiver.fetch(webRequest(agentStatus()))).status, 200);
  await until(() => results().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(results(), ["handled"], "the push without a handler still waits");
  let calls = 0;
  receiver.on("call.completed", () => calls++);
  await until(() => results().length === 2);
  assert.deepEqual([results(), calls], [["handled", "handled"], 1]);
});

test("a push whose type has no handler is ignored 30 seconds later, the next of its type immediately", async (t) => {
  const dir = makeFolder(t);
  const { receiver, results } = start(t, dir);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  receiver.on("dialer.task", () => undefined);
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  t.mock.timers.tick(29_900);
  await turns();
  assert.deepEqual(results(), []);
  t.mock.timers.tick(200);
  await turns();
  assert.deepEqual(results(), ["ignored"]);
  assert.equal((await receiver.fetch(webRequest(callCompleted({ TaskID: "next" })))).status, 200);
  t.mock.timers.reset();
  await until(() => results().length === 2);
  assert.deepEqual(results(), ["ignored", "ignored"]);
});

test("retry() rejects for a push whose type has no handler: it stays dead", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  first.receiver.on("call.completed", () => Promise.reject(new Error("broken")));
  await first.receiver.fetch(webRequest(callCompleted()));
  await until(() => first.results().includes("dead"));
  await first.receiver.close();

  const { receiver, results } = start(t, dir);
  receiver.on("quarantined", () => undefined).on("dialer.agent", () => undefined);
  await receiver.ready();
  const [dead] = await receiver.dead();
  const { id = "" } = dead ?? {};
  await assert.rejects(receiver.retry(id), {
    code: "no_handler",
    message: /no handler is registered for its type call\.completed/,
  });
  assert.equal((await receiver.dead()).length, 1);
  receiver.on("call.completed", () => undefined);
  assert.equal(await receiver.retry(id), true);
  await until(() => results().includes("handled"));
  assert.deepEqual([await receiver.dead(), await receiver.retry(id)], [[], false]);
});

test("drop() permanently discards a dead push, also across a restart", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  await first.receiver.ready();
  assert.equal((await first.receiver.fetch(webRequest({ hello: 1 }))).status, 200);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  first.receiver.on("dialer.agent", () => undefined);
  const { receiver } = first;
  receiver.on("call.completed", () => Promise.reject(new Error("broken")));
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  await until(() => first.results().includes("dead"));
  const dead = (await receiver.dead()).find(({ state }) => state === "dead");
  assert.equal(await receiver.drop(dead?.id ?? ""), true);
  assert.equal(await receiver.drop(dead?.id ?? ""), false);
  assert.equal(await receiver.retry(dead?.id ?? ""), false);
  await receiver.close({ timeoutMs: 1 });
  const marks: string[] = [];
  await readJournal(dir, { onRecord: ({ head }) => head.kind === "mark" && marks.push(head.state) });
  assert.equal(marks.at(-1), "dropped");
  const second = start(t, dir);
  await second.receiver.ready();
  assert.deepEqual(
    (await second.receiver.dead()).filter(({ state }) => state === "dead"),
    [],
  );
});

test("ready({ waitMs }) waits for a folder that another process still holds, and rejects with the reason after waitMs", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const { receiver } = start(t, dir);
  assert.equal(receiver.stats().inbox?.open, false);
  await assert.rejects(receiver.ready({ waitMs: 300 }), { code: "journal_locked" });
  assert.equal(receiver.stats().inbox?.open, false);
  const ready = receiver.ready({ waitMs: 20_000 });
  setTimeout(() => void journal.close(), 200);
  await ready;
  assert.equal(receiver.stats().inbox?.open, true);
});

test("the folder is resolved when the inbox is created, even if the current directory changes later", async (t) => {
  const [home, elsewhere] = [makeFolder(t), makeFolder(t)];
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(home);
  const { receiver } = start(t, "inbox");
  process.chdir(elsewhere);
  receiver.on("*", () => undefined);
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  assert.deepEqual([existsSync(join(home, "inbox")), existsSync(join(elsewhere, "inbox"))], [true, false]);
});

for (const timeoutMs of [Number.POSITIVE_INFINITY, 2 ** 31]) {
  test(`close({ timeoutMs: ${timeoutMs} }) waits for running handlers`, async (t) => {
    const { receiver, results } = start(t, makeFolder(t));
    let finish = (): void => undefined;
    receiver.on("*", () => new Promise<void>((resolve) => (finish = resolve)));
    await receiver.fetch(webRequest(callCompleted()));
    await until(() => receiver.stats().inbox?.queued === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closing = receiver.close({ timeoutMs });
    await new Promise((resolve) => setTimeout(resolve, 100));
    finish();
    await closing;
    assert.deepEqual(results(), ["handled"]);
  });
}

test("close() rejects a time limit that is not a number", async (t) => {
  const { receiver } = start(t, makeFolder(t));
  for (const timeoutMs of [Number.NaN, -1, "5" as unknown as number]) {
    await assert.rejects(receiver.close({ timeoutMs }), {
      code: "invalid_option",
      message: /number of 0 or more, such as 10000/,
    });
  }
});

test("ready() and work() reject after close()", async (t) => {
  const { receiver } = start(t, makeFolder(t));
  await receiver.ready();
  await receiver.close();
  await assert.rejects(receiver.ready(), /is closed/);
  await assert.rejects(receiver.work(), /is closed/);
});

test("ready() rejects a waitMs that is not a number", async (t) => {
  const { receiver } = start(t, makeFolder(t));
  for (const waitMs of [Number.NaN, -1]) await assert.rejects(receiver.ready({ waitMs }), { code: "invalid_option" });
});

test("a handler that finishes after its time limit changes nothing: its push stays dead, and does not count as handled", async (t) => {
  const inbox = fileInbox(makeFolder(t), { retries: 0, timeoutMs: 50 });
  const { receiver, results } = start(t, "", { inbox });
  receiver.on("*", () => new Promise((resolve) => setTimeout(resolve, 150)));
  await receiver.fetch(webRequest(callCompleted()));
  await until(() => results().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual([results(), receiver.stats().handled], [["dead"], 0]);
});

test("a push that has failed is not ignored by a process without its handler: it stays and is dead in the end", async (t) => {
  const dir = makeFolder(t);
  const inbox = () => fileInbox(dir, { retries: 2, retryMs: 1, maxRetryMs: 2 });
  const first = start(t, dir, { inbox: fileInbox(dir, { retries: 2, retryMs: 60_000 }) });
  first.receiver.on("call.completed", () => Promise.reject(new Error("broken")));
  await first.receiver.fetch(webRequest(callCompleted()));
  await until(() => first.receiver.stats().failed === 1);
  await first.receiver.close();
  const second = start(t, dir, { inbox: inbox() });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  second.receiver.on("dialer.agent", () => undefined);
  await second.receiver.ready();
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(30_001);
  t.mock.timers.reset();
  await until(() => second.results().length === 1);
  assert.deepEqual([second.results(), second.receiver.stats().ignored], [["dead"], 0]);
});
