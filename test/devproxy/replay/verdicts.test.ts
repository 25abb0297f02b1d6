import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { ReplayEvent, ReplayRequest, VerdictEvent } from "airudder-devproxy";
import { airudder, fileInbox, type Receiver } from "airudder-webhooks";
import fc from "fast-check";
import { serve } from "../../helpers/app.js";
import { run, sample, send, startProxy, type TestProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

type Test = import("node:test").TestContext;

async function replayOnce({ proxy }: Pick<TestProxy, "proxy">, request: ReplayRequest = { ids: ["1"] }) {
  const events: ReplayEvent[] = [];
  const summary = await proxy.replay(request, (event) => events.push(event));
  const verdict = events.find((event): event is VerdictEvent => event.event === "verdict");
  const notes = events.flatMap((event) => (event.event === "note" ? [event.code] : []));
  return { verdict, summary, notes };
}

/** A dev proxy in front of an app that mounts a real receiver. */
async function withReceiver(t: Test, receiver: Receiver) {
  t.after(() => receiver.close());
  const { url } = await serve(t, receiver);
  return startProxy(t, { target: `${url}/` });
}

/** A possible result of a request: the app's response and the report of its receiver. */
const BEHAVIOURS = {
  handled: { status: 200, outcome: { result: "handled" } },
  failed: { status: 500, outcome: { result: "failed", error: "Error: no" } },
  ignored: { status: 200, outcome: { result: "ignored" } },
  quarantined: { status: 200, outcome: { result: "quarantined" } },
  stored: { status: 200, outcome: { result: "stored" } },
  duplicate: { status: 200, outcome: { result: "duplicate", duplicate: true } },
  running: { status: 503, outcome: { result: "running" } },
  rejected: { status: 401, code: "bad_sign", outcome: { result: "rejected" } },
  refused: { status: 403, code: "replay_not_allowed", outcome: { result: "rejected" } },
  older: { status: 200, outcome: { type: "unknown", verified: false } },
  olderFailing: { status: 500, outcome: { type: "unknown", verified: false } },
  silent: { status: 200 },
  silentFailing: { status: 500 },
  away: { status: null },
} as const satisfies Record<string, { status: number | null; code?: string; outcome?: object }>;
type Behaviour = keyof typeof BEHAVIOURS;

const WORKS: readonly Behaviour[] = ["handled", "silent"];
const FAILS: readonly Behaviour[] = ["failed", "running", "rejected", "olderFailing", "silentFailing", "away"];
const INCONCLUSIVE: Partial<Record<Behaviour, string>> = {
  ignored: "ignored",
  quarantined: "quarantined",
  stored: "stored, not handled",
  duplicate: "duplicate",
  refused: "refused replay",
  older: "accepted, handling unknown",
};

/** Whether the app's receiver reports a result. */
function reports(behaviour: Behaviour): boolean {
  return "result" in ((BEHAVIOURS[behaviour] as { outcome?: object }).outcome ?? {});
}

/** The verdict as the documentation states it. */
function expectedVerdict(before: Behaviour | undefined, after: Behaviour): string {
  if (INCONCLUSIVE[after] !== undefined) return INCONCLUSIVE[after];
  if (after === "silent" && before !== undefined && reports(before)) return "accepted, handling unknown";
  const had = (names: readonly Behaviour[]) => before !== undefined && names.includes(before);
  if (WORKS.includes(after)) {
    if (had(WORKS)) return "same";
    return had(FAILS) || had(["ignored", "quarantined"]) ? "fixed" : "new";
  }
  if (had(FAILS)) return "still failing";
  return had([...WORKS, "ignored", "quarantined", "older"]) ? "regressed" : "new";
}

/**
 * A baseline is the last response, without replays that reached no handler. A failed connection is not a baseline, nor is a 200 without a
 * report once the app has reported.
 */
function nextBaseline(before: Behaviour | undefined, after: Behaviour, hasReported: boolean): Behaviour | undefined {
  if (["away", "refused", "rejected", "duplicate"].includes(after)) return before;
  return hasReported && (after === "silent" || after === "older") ? before : after;
}

test("3,000 random replays: each verdict, and whether it meets --expect, is as documented", async (t) => {
  const { proxy, app } = await startProxy(t, { whenDown: "fail" });
  let behaviour: Behaviour = "handled";
  app.reply = (_, response: ServerResponse) => {
    const { status, outcome, code } = BEHAVIOURS[behaviour] as {
      status: number | null;
      code?: string;
      outcome?: object;
    };
    if (status === null) return void response.destroy();
    const headers = outcome === undefined ? {} : { "airudder-outcome": JSON.stringify(outcome) };
    response.writeHead(status, headers).end(code === undefined ? "{}" : JSON.stringify({ error: { code } }));
  };
  const names = fc.constantFrom(...(Object.keys(BEHAVIOURS) as Behaviour[]));
  let replays = 0;
  let seq = 0;
  await fc.assert(
    fc.asyncProperty(names, fc.array(names, { minLength: 30, maxLength: 30 }), async (live, steps) => {
      behaviour = live;
      await send(proxy.localUrl, `{"n":${++seq}}`);
      // Only replays are left out: a live push is a baseline even if it is a duplicate or rejected.
      let before: Behaviour | undefined = live === "away" ? undefined : live;
      let hasReported = reports(live);
      for (const step of steps) {
        behaviour = step;
        const { verdict, summary } = await replayOnce({ proxy }, { ids: [String(seq)], expect: "2xx" });
        replays++;
        const wanted = expectedVerdict(before, step);
        assert.deepEqual([before, step, verdict?.verdict], [before, step, wanted]);
        const isConclusive = WORKS.includes(step) && wanted !== "accepted, handling unknown";
        assert.equal(summary.unexpected, isConclusive ? 0 : 1, `${before} -> ${step}`);
        hasReported ||= reports(step) && nextBaseline(before, step, false) === step;
        before = nextBaseline(before, step, hasReported);
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(replays >= 3_000);
});

test("an inbox with a handler that throws: --expect 2xx exits 1 with the error; when it is fixed, 0 and fixed", async (t) => {
  const receiver = airudder({ inbox: fileInbox(makeFolder(t), { retries: 0 }), warnings: false, token: false });
  let isBroken = true;
  receiver.on("call.completed", () => {
    if (isBroken) throw new TypeError("no column tenant_id");
  });
  const { proxy, dir } = await withReceiver(t, receiver);
  await send(proxy.localUrl, sample("call.completed/answered"));
  const replay = () => run(["replay", "1", "--expect", "2xx", "--journal", dir]);

  const broken = await replay();
  assert.equal(broken.code, 1, broken.err);
  assert.match(broken.out, /500 handler_failed/);
  assert.match(broken.out, /TypeError: no column tenant_id/);
  isBroken = false;
  const fixed = await replay();
  assert.equal(fixed.code, 0, fixed.err);
  assert.match(fixed.out, /#1 {2}call\.completed {2}fixed {2}200/);
  assert.match(fixed.out, /result: "failed" -> "handled"/);
});

const callHandler = (receiver: Receiver) => void receiver.on("call.completed", () => undefined);
const inconclusive: [name: string, make: () => Receiver, verdict: string, note: string][] = [
  [
    "a receiver that rejects replays",
    () => airudder({ allowReplays: false, token: false, warnings: false }),
    "refused replay",
    "replay_refused",
  ],
  ["a receiver without a handler", () => airudder({ token: false, warnings: false }), "ignored", "ignored"],
];
for (const [name, make, verdict, note] of inconclusive) {
  test(`${name}: ${verdict}, which does not meet --expect`, async (t) => {
    const receiver = make();
    if (verdict !== "ignored") callHandler(receiver);
    const { proxy } = await withReceiver(t, receiver);
    await send(proxy.localUrl, sample("call.completed/answered"));
    const replayed = await replayOnce({ proxy }, { ids: ["1"], expect: "2xx" });
    assert.equal(replayed.verdict?.verdict, verdict);
    assert.equal(replayed.summary.unexpected, 1);
    assert.deepEqual(replayed.notes, [note]);
  });
}

test("the verdicts of an app that reports nothing compare its responses, with one note", async (t) => {
  const running = await startProxy(t);
  running.app.reply = (_, response) => void response.writeHead(500).end();
  for (const n of [1, 2]) await send(running.proxy.localUrl, `{"n":${n}}`);
  running.app.reply = (_, response) => void response.end("{}");
  const { summary, notes } = await replayOnce(running, { last: 2, expect: "2xx" });
  assert.deepEqual([summary.verdicts, summary.unexpected, notes], [{ fixed: 2 }, 0, ["verdicts_by_response"]]);
});

test("a handler's error is redacted, unless the replay reveals it", async (t) => {
  const receiver = airudder({ token: false, warnings: false });
  receiver.on("call.completed", ({ payload }) => {
    throw new Error(`no customer with ${payload.Details[0]?.CalleeNumber}`);
  });
  const { proxy } = await withReceiver(t, receiver);
  const call = JSON.parse(sample("call.completed/answered").toString());
  call.Details[0].CalleeNumber = "0812 3456 7890";
  await send(proxy.localUrl, JSON.stringify(call));
  const hidden = (await replayOnce({ proxy })).verdict?.error ?? "";
  assert.match(hidden, /^Error: no customer with </);
  assert.equal(hidden.includes("0812"), false);
  const shown = (await replayOnce({ proxy }, { ids: ["1"], reveal: true })).verdict?.error;
  assert.equal(shown, "Error: no customer with 0812 3456 7890");
});

const misleading: [name: string, headers: Record<string, string>][] = [
  ["failed", { "airudder-outcome": '{"result":"failed"}' }],
  ["rejected", { "airudder-outcome": '{"result":"rejected"}' }],
  ["cut in the middle", { "airudder-outcome": '{"result":"hand' }],
  ["empty", { "airudder-outcome": "" }],
  ["a list", { "airudder-outcome": "[]" }],
  ["absent, although the app reported before", {}],
];
for (const [name, headers] of misleading) {
  test(`a 200 whose report is ${name} is neither fixed nor same, and does not meet --expect`, async (t) => {
    const running = await startProxy(t);
    running.app.reply = (_, response) =>
      void response.writeHead(500, { "airudder-outcome": '{"result":"failed","error":"Error: no"}' }).end();
    await send(running.proxy.localUrl, "{}");
    running.app.reply = (_, response) => void response.writeHead(200, headers).end("{}");
    const { verdict, summary } = await replayOnce(running, { ids: ["1"], expect: "2xx" });
    assert.ok(!["fixed", "same"].includes(String(verdict?.verdict)), verdict?.verdict);
    assert.equal(summary.unexpected, 1);
    assert.equal((await run(["list", "--status", "handled", "--json", "--journal", running.dir])).out, "");
  });
}
