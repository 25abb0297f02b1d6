import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type AirudderOptions, airudder, type FileInboxOptions, fileInbox, type Inbox } from "airudder-webhooks";
import { readJournal } from "airudder-webhooks/journal";
import { serve } from "../helpers/app.js";
import { makeFolder } from "../helpers/folder.js";
import { agentStatus, callCompleted, KEY, post } from "../helpers/push.js";
import { until } from "../helpers/until.js";

const replay = { "airudder-replay": "p1", "airudder-devproxy": "1" };

async function start(t: TestContext, options: AirudderOptions = {}) {
  const receiver = airudder({ key: KEY, warnings: false, ...options });
  t.after(() => receiver.close({ timeoutMs: 1 }));
  const { url } = await serve(t, receiver);
  const send = async (payload: unknown, headers: Record<string, string> = {}) => {
    const { status, headers: received, body } = await post(url, payload, { headers });
    return { status, body, outcome: JSON.parse(received.get("airudder-outcome") ?? "{}") };
  };
  return { receiver, send };
}

async function withInbox(t: TestContext, options: FileInboxOptions = {}) {
  const dir = makeFolder(t);
  return { dir, ...(await start(t, { inbox: fileInbox(dir, { retries: 0, ...options }) })) };
}

test("a replay runs its handlers before the response, also with an inbox, and is not stored", async (t) => {
  const { dir, receiver, send } = await withInbox(t);
  const seen: unknown[] = [];
  receiver.on("call.completed", async (push) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(push.replay);
  });
  const { status, outcome } = await send(callCompleted(), replay);
  assert.deepEqual([status, outcome.result, seen], [200, "handled", ["p1"]]);
  assert.deepEqual([(await send(callCompleted(), replay)).outcome.result, seen.length], ["handled", 2]);
  const stored: string[] = [];
  await readJournal(dir, { onRecord: ({ head }) => stored.push(head.kind) });
  assert.deepEqual(stored, []);
});

for (const mode of ["an inbox", "direct mode"]) {
  const make = (t: TestContext) => (mode === "an inbox" ? withInbox(t) : start(t));

  test(`a replay whose handler fails gets 500, with the error for the dev proxy: ${mode}`, async (t) => {
    const { receiver, send } = await make(t);
    receiver.on("call.completed", () => {
      throw new TypeError("Kein Anschluß 😀");
    });
    const { status, body, outcome } = await send(callCompleted(), replay);
    assert.deepEqual([status, (body as { error: { code: string } }).error.code], [500, "handler_failed"]);
    assert.deepEqual([outcome.result, outcome.error], ["failed", "TypeError: Kein Anschluß 😀"]);
    assert.equal(receiver.stats().inbox?.dead ?? 0, 0);
  });

  test(`a replay without a handler is ignored, and one that lacks what handlers need is quarantined; both get 200: ${mode}`, async (t) => {
    const { receiver, send } = await make(t);
    receiver.on("dialer.task", () => undefined);
    const ignored = await send(callCompleted(), replay);
    const quarantined = await send(callCompleted({ Details: 1 }), replay);
    assert.deepEqual([ignored.status, ignored.outcome.result], [200, "ignored"]);
    assert.deepEqual([quarantined.status, quarantined.outcome.result], [200, "quarantined"]);
  });
}

test("a long error is cut to 1 kB in the outcome, and stays ASCII", async (t) => {
  const { receiver, send } = await withInbox(t);
  receiver.on("*", () => {
    throw new Error("ж".repeat(10_000));
  });
  const { outcome } = await send(callCompleted(), replay);
  assert.match(outcome.error, /^Error: ж+$/);
  assert.ok(outcome.error.length > 100 && outcome.error.length * 6 <= 1_100);
});

test("the outcome contains no error if replays are not allowed", async (t) => {
  const { receiver, send } = await start(t, { allowReplays: false });
  receiver.on("*", () => {
    throw new Error("secret");
  });
  const { outcome } = await send(callCompleted(), { "airudder-devproxy": "1" });
  assert.deepEqual([outcome.result, outcome.error], ["failed", undefined]);
});

test("a replay waits behind earlier pushes of its subject", async (t) => {
  const { receiver, send } = await withInbox(t);
  const order: unknown[] = [];
  let finish = (): void => undefined;
  receiver.on("dialer.agent", async ({ replay }) => {
    order.push(`start ${replay}`);
    if (replay === undefined) await new Promise<void>((resolve) => (finish = resolve));
    order.push(`end ${replay}`);
  });
  await send(agentStatus());
  await until(() => order.length === 1);
  const replayed = send(agentStatus({ State: "OTHER" }), replay);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(order, ["start undefined"]);
  finish();
  assert.equal((await replayed).outcome.result, "handled");
  assert.deepEqual(order, ["start undefined", "end undefined", "start p1", "end p1"]);
});

test("the attempt's time limit applies to a replay, not the deadline of live pushes", async (t) => {
  const inbox = fileInbox(makeFolder(t), { timeoutMs: 400 });
  const { receiver, send } = await start(t, { inbox, deadlineMs: 50 });
  receiver.on("call.completed", () => new Promise((resolve) => setTimeout(resolve, 150)));
  receiver.on("dialer.agent", () => new Promise(() => undefined));
  assert.equal((await send(callCompleted(), replay)).status, 200);
  const { status, outcome } = await send(agentStatus(), replay);
  assert.deepEqual([status, outcome.result], [500, "failed"]);
  assert.match(outcome.error, /AttemptTimeout/);
});

test("a replay that waits too long behind its subject gets 503, and does not run later", async (t) => {
  const inbox = fileInbox(makeFolder(t), { timeoutMs: 300 });
  const { receiver, send } = await start(t, { inbox });
  const seen: unknown[] = [];
  receiver.on("dialer.agent", async (push) => {
    seen.push(push.replay);
    if (push.replay === undefined) throw new Error("fails for a while");
  });
  await send(agentStatus());
  await until(() => seen.length === 1);
  const { status, body } = await send(agentStatus({ State: "OTHER" }), replay);
  assert.deepEqual([status, (body as { error: { code: string } }).error.code], [503, "busy"]);
  await until(() => seen.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(!seen.includes("p1"));
});

for (const [what, env, options, status] of [
  ["outside production, from a loopback address", "development", {}, 200],
  ["without NODE_ENV", undefined, {}, 200],
  ["in production", "production", {}, 403],
  ["in Production, spelled otherwise", " Production", {}, 403],
  ["in prod", "prod", {}, 403],
  ["in production with allowReplays: true", "production", { allowReplays: true }, 200],
  ["with allowReplays: false", "development", { allowReplays: false }, 403],
] as const) {
  test(`a replay ${what} gets ${status}`, async (t) => {
    const before = process.env.NODE_ENV;
    if (env === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = env;
    t.after(() => {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    });
    const { receiver, send } = await start(t, options);
    let calls = 0;
    receiver.on("*", () => calls++);
    const response = await send(callCompleted(), replay);
    assert.deepEqual([response.status, calls], [status, status === 200 ? 1 : 0]);
    if (status === 403) assert.equal((response.body as { error: { code: string } }).error.code, "replay_not_allowed");
  });
}

test("a replay from another machine's address is rejected", async () => {
  const receiver = airudder({ key: KEY, warnings: false });
  receiver.on("*", () => assert.fail("handled"));
  for (const [remoteAddress, status] of [
    ["10.0.0.7", 403],
    ["127.0.0.1.example", 403],
    [undefined, 403],
  ] as const) {
    const received = await new Promise<number>((resolve) => {
      const request = { method: "POST", url: "/", headers: { ...replay }, socket: { remoteAddress } };
      const response = { writeHead: resolve, end: () => undefined };
      receiver(request as never, response as never);
    });
    assert.equal(received, status, String(remoteAddress));
  }
});

test("with a custom inbox without replay(), replays are handled without waiting", async (t) => {
  const inbox: Inbox = {
    open: async () => undefined,
    put: async () => assert.fail("stored"),
    consume: () => undefined,
    close: async () => undefined,
  };
  const { receiver, send } = await start(t, { inbox });
  receiver.on("*", () => undefined);
  assert.equal((await send(callCompleted(), replay)).outcome.result, "handled");
});
