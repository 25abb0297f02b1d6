import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AirudderEvent,
  type AirudderOptions,
  airudder,
  dialerBody,
  type Push,
  type QuarantinedPush,
} from "airudder-webhooks";
import { agentStatus, callCompleted, KEY, webRequest } from "../../helpers/push.js";

function start(options: AirudderOptions = {}) {
  const events: AirudderEvent[] = [];
  const handled: (Push | QuarantinedPush)[] = [];
  const receiver = airudder({ key: KEY, observe: (event) => events.push(event), ...options });
  receiver.on("*", (push) => handled.push(push));
  receiver.on("quarantined", (push) => handled.push(push));
  const send = async (payload: unknown, headers: Record<string, string> = {}) => {
    const response = await receiver.fetch(webRequest(payload, headers));
    const outcome = response.headers.get("airudder-outcome");
    const body = (await response.json()) as { error: { code: string } };
    return { status: response.status, body, outcome: outcome === null ? undefined : JSON.parse(outcome) };
  };
  return { receiver, send, events, handled };
}

const names = (events: AirudderEvent[]): string[] => events.map(({ event }) => event);

test("a documented push is accepted without drift", async () => {
  const { send, handled, events } = start();
  assert.equal((await send(callCompleted())).status, 200);
  const [push] = handled;
  assert.equal(push?.type, "call.completed");
  assert.deepEqual([push?.verified, push?.attempt, push?.drift, push?.replay], [true, 1, [], undefined]);
  assert.ok(push?.receivedAt instanceof Date && push.id.length > 10);
  assert.deepEqual(names(events), ["handled", "accepted"]);
});

test("a push that only the tolerant validator passes is handled, and its drift contains no values", async () => {
  const { send, handled, events } = start();
  await send(callCompleted({ NewField: "+62000000001" }));
  assert.deepEqual(handled[0]?.drift, [
    { path: "/NewField", kind: "unknown_field", expected: "no such field", got: "string of length 12" },
  ]);
  assert.deepEqual(names(events), ["handled", "accepted", "drift"]);
  assert.doesNotMatch(JSON.stringify(events), /\+62000000001/); // without the +, a duration may hold these digits
});

test("a push that lacks what handlers need is quarantined: 200, and only quarantined handlers receive it", async () => {
  const { receiver, send, handled, events } = start();
  receiver.on("call.completed", () => assert.fail("not for a typed handler"));
  assert.equal((await send(callCompleted({ Details: "none" }))).status, 200);
  assert.deepEqual(
    handled.map(({ type, drift }) => [type, drift[0]?.kind]),
    [["call.completed", "wrong_type"]],
  );
  assert.deepEqual(names(events), ["handled", "accepted", "drift"]);
});

test("a push of no known shape is unknown: handled, never rejected", async () => {
  const { send, handled } = start();
  assert.equal((await send({ hello: "world" })).status, 200);
  assert.deepEqual([handled[0]?.type, handled[0]?.payload], ["unknown", { hello: "world" }]);
});

test("a mount may state the type of its pushes", async () => {
  const { send, handled } = start({ type: "waba.message.status" });
  await send({ hello: "world" });
  assert.equal(handled[0]?.type, "waba.message.status");
});

test("handlers of a type run before those of *, in order, and all run again if one fails", async () => {
  const order: string[] = [];
  const receiver = airudder({ key: KEY });
  receiver.on("*", () => {
    order.push("all");
  });
  receiver.on("call.completed", async () => {
    order.push("first");
  });
  receiver.on("call.completed", () => {
    order.push("second");
    if (order.length < 4) throw new Error("no");
  });
  const body = JSON.stringify(callCompleted());
  for (const status of [500, 200]) {
    assert.equal((await receiver.fetch(webRequest(body))).status, status);
  }
  assert.deepEqual(order, ["first", "second", "first", "second", "all"]);
});

test("duplicates: a duplicate of the subject's last push is not handled again, and the response is 200; A, B, A are three pushes", async () => {
  const { send, handled, events } = start();
  const a = agentStatus({ State: "CALLING" });
  const b = agentStatus({ State: "HANGUP" });
  for (const push of [a, a, b, b, a, agentStatus({ agentName: "another", State: "CALLING" })])
    assert.equal((await send(push)).status, 200);
  assert.deepEqual(
    handled.map(({ payload }) => (payload as typeof a).pds.body.State),
    ["CALLING", "HANGUP", "CALLING", "CALLING"],
  );
  assert.equal(names(events).filter((name) => name === "duplicate").length, 2);
});

test("duplicates: duplicates that arrive while the first push is handled join it", async () => {
  let calls = 0;
  let finish = (): void => undefined;
  const receiver = airudder({ key: KEY });
  receiver.on("*", () => {
    calls++;
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  const request = () => receiver.fetch(webRequest(callCompleted()));
  const responses = [request(), request(), request()];
  await new Promise((resolve) => setTimeout(resolve, 10));
  finish();
  assert.deepEqual(
    (await Promise.all(responses)).map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(calls, 1);
});

test("duplicates: the vendor's retry of a slow push joins it, even if another push of its subject arrived in between", async () => {
  const states: string[] = [];
  let finish = (): void => undefined;
  const receiver = airudder({ key: KEY, deadlineMs: 20 });
  receiver.on("dialer.agent", ({ payload }) => {
    const state = String(dialerBody(payload).State);
    states.push(state);
    if (state === "RINGING") return new Promise<void>((resolve) => (finish = resolve));
  });
  const send = async (State: string) => (await receiver.fetch(webRequest(agentStatus({ State })))).status;
  assert.deepEqual([await send("RINGING"), await send("BUSY"), await send("RINGING")], [503, 200, 503]);
  finish();
  assert.deepEqual([await send("RINGING"), states], [200, ["RINGING", "BUSY"]]);
});

test("duplicates: duplicates that joined a push whose handler fails get a 500 too", async () => {
  let fail = (_: Error): void => undefined;
  const receiver = airudder({ key: KEY });
  receiver.on(
    "*",
    () =>
      new Promise<void>((_, reject) => {
        fail = reject;
      }),
  );
  const request = () => receiver.fetch(webRequest(callCompleted()));
  const responses = [request(), request()];
  await new Promise((resolve) => setTimeout(resolve, 10));
  fail(new Error("no"));
  assert.deepEqual(
    (await Promise.all(responses)).map(({ status }) => status),
    [500, 500],
  );
});

for (const [windowMs, times] of [
  [0, 2],
  [3_600_000, 1],
] as const) {
  test(`duplicates: with a window of ${windowMs} ms, two equal pushes are handled ${times} times`, async () => {
    const { send, handled } = start({ duplicateWindowMs: windowMs });
    await send(callCompleted());
    await send(callCompleted());
    assert.equal(handled.length, times);
  });
}

test("a replay is handled although it is a duplicate, and carries the id of the recorded push", async () => {
  const { send, handled } = start({ allowReplays: true });
  await send(callCompleted());
  await send(callCompleted(), { "Airudder-Replay": "p1" });
  assert.deepEqual(
    handled.map(({ replay }) => replay),
    [undefined, "p1"],
  );
});

for (const [where, options] of [
  ["allowReplays is false", { allowReplays: false }],
  ["the address of the peer is unknown", {}],
] as const) {
  test(`a replay is rejected with 403 and not handled if ${where}`, async () => {
    const { send, handled } = start(options);
    const { status, body } = await send(callCompleted(), { "Airudder-Replay": "p1" });
    assert.deepEqual([status, body.error.code, handled.length], [403, "replay_not_allowed", 0]);
  });
}

test("the response contains the outcome only if a dev proxy requests it", async () => {
  const { send } = start();
  assert.equal((await send(callCompleted())).outcome, undefined);
  const first = (await send(callCompleted({ New: 1 }), { "Airudder-Devproxy": "1" })).outcome;
  assert.deepEqual(
    { ...first, ms: typeof first.ms },
    { type: "call.completed", verified: true, duplicate: false, drift: 1, result: "handled", ms: "number" },
  );
  const duplicate = (await send(callCompleted({ New: 1 }), { "Airudder-Devproxy": "1" })).outcome;
  assert.deepEqual([duplicate.duplicate, duplicate.result], [true, "duplicate"]);
});

test("errors that an observer throws are ignored", async () => {
  const { send, handled } = start({
    observe: () => {
      throw new Error("no");
    },
  });
  assert.equal((await send(callCompleted())).status, 200);
  assert.equal(handled.length, 1);
});

test("rejections of an observer are ignored", async (t) => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", listen);
  t.after(() => process.off("unhandledRejection", listen));
  const { send } = start({
    observe: async () => {
      throw new Error("no");
    },
  });
  assert.equal((await send(callCompleted())).status, 200);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});

test("stats().inFlight includes web requests", async () => {
  const { receiver, send } = start();
  const counts: number[] = [];
  receiver.on("call.completed", () => counts.push(receiver.stats().inFlight));
  await send(callCompleted());
  assert.deepEqual([counts, receiver.stats().inFlight], [[1], 0]);
});

test("stats() counts the results", async () => {
  const { receiver, send } = start();
  for (const payload of [
    callCompleted(),
    callCompleted(),
    callCompleted({ New: 1 }),
    callCompleted({ Details: 1 }),
    "{",
    { a: 1 },
  ])
    await send(payload);
  const { accepted, duplicates, drifted, drift, quarantined, rejected, handled, inFlight } = receiver.stats();
  assert.deepEqual(
    { accepted, duplicates, drifted, drift, quarantined, rejected, handled, inFlight },
    {
      accepted: 4,
      duplicates: 1,
      drifted: 2,
      drift: { "call.completed /New unknown_field": 1, "call.completed /Details wrong_type": 1 },
      quarantined: 0,
      rejected: { malformed_json: 1 },
      handled: 4,
      inFlight: 0,
    },
  );
});
