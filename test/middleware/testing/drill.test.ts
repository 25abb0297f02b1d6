import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { airudder, newestState, pushIds, type Receiver, type StatePayload, sign } from "airudder-webhooks";
import {
  type DrillOptions,
  type DrillRequest,
  drill,
  drillCases,
  drillScenarios,
  samplePush,
} from "airudder-webhooks/testing";

const KEY = "k3y";

/** Sends to a receiver in this process. */
function sendTo(
  receiver: Receiver,
  onRequest: (request: DrillRequest) => void = () => undefined,
): DrillOptions["send"] {
  return async (request) => {
    onRequest(request);
    const { method, url, headers, body } = request;
    const response = await receiver.fetch(new Request(url, { method, headers, body }));
    return { status: response.status, headers: Object.fromEntries(response.headers) };
  };
}

function optionsFor(receiver: Receiver, options: Partial<DrillOptions> = {}): DrillOptions {
  const url = "http://localhost/webhooks";
  return { url, key: KEY, send: sendTo(receiver), timeScale: 1_000, quietMs: 20, settleMs: 300, ...options };
}

/** A receiver with what its handlers did, in every form that `verify` may return. */
function makeApp({ detectsDuplicates = true, keepsNewest = true } = {}) {
  const receiver = airudder({ key: KEY, warnings: false, ...(detectsDuplicates ? {} : { duplicateWindowMs: 0 }) });
  const rows: { call: string | undefined; status: string }[] = [];
  const states = new Map<string, StatePayload>();
  receiver.on("call.completed", (push) => {
    rows.push({ call: pushIds(push).call, status: String(push.payload.Details[0]?.Status) });
  });
  receiver.on("dialer.contact", (push) => {
    const call = pushIds(push).call as string;
    states.set(call, keepsNewest ? newestState(states.get(call) as typeof push.payload, push.payload) : push.payload);
  });
  const stateOf = (payload: StatePayload) => (payload as { pds: { body: { state: string } } }).pds.body.state;
  const forms = {
    number: () => rows.length + states.size,
    count: () => ({ rows: rows.length, contacts: states.size }),
    "list of counts": () => [{ "count(*)": rows.length + states.size }],
    rows: () => [...rows, ...states.keys()],
    "state by call": () => ({
      rows: rows.length,
      states: Object.fromEntries([...states].map(([call, payload]) => [call, stateOf(payload)])),
    }),
  };
  return { receiver, forms };
}

for (const form of ["number", "count", "list of counts", "rows", "state by call"] as const) {
  test(`drill: verify may return a ${form}; work that is done twice is detected, correct work passes`, async () => {
    for (const [detectsDuplicates, status] of [
      [true, "passed"],
      [false, "failed"],
    ] as const) {
      const { receiver, forms } = makeApp({ detectsDuplicates });
      const scenarios = ["valid", "duplicate", "parallel"];
      const { results } = await drill(optionsFor(receiver, { verify: forms[form], scenarios }));
      assert.deepEqual(
        results.map((result) => [result.name, result.status, result.by]),
        [
          ["valid", "passed", "effects"],
          ["duplicate", status, "effects"],
          ["parallel", status, "effects"],
        ],
        JSON.stringify(results),
      );
    }
  });
}

test("drill: a final state that depends on the order of arrival is a failure, with the states by call or counted", async () => {
  for (const [keepsNewest, status] of [
    [true, "passed"],
    [false, "failed"],
  ] as const) {
    const { receiver, forms } = makeApp({ keepsNewest });
    const { results } = await drill(
      optionsFor(receiver, { verify: forms["state by call"], scenarios: ["out-of-order", "late"] }),
    );
    assert.deepEqual(
      results.map((result) => result.status),
      [status, "passed"],
      JSON.stringify(results),
    );
    if (!keepsNewest)
      assert.match(results[0]?.reason ?? "", /states\.<call 1> = "HANGUP": added 0 times instead of once/);
  }
});

test("drill: without verify, only the responses are checked, and the report says so", async () => {
  const { receiver } = makeApp({ detectsDuplicates: false, keepsNewest: false });
  const { ok, results } = await drill(optionsFor(receiver));
  assert.ok(ok, JSON.stringify(results));
  assert.ok(results.every(({ by }) => by === "responses only"));
  const skipped = results.filter(({ status }) => status === "skipped").map(({ name }) => name);
  assert.deepEqual(skipped, ["crash", "crash-before-response", "duplicate-after-restart", "wrong-token"]);
});

test("drill: no request carries Airudder-Replay; each run has new ids and fictitious numbers", async () => {
  const requests: DrillRequest[] = [];
  const { receiver, forms } = makeApp();
  const send = sendTo(receiver, (request) => requests.push(request));
  for (let i = 0; i < 2; i++) await drill(optionsFor(receiver, { send, verify: forms.count, scenarios: ["valid"] }));
  const [first, second] = requests.map(({ body }) => JSON.parse(body.toString()));
  for (const name of ["workflow_id", "TaskID", "Sign"]) assert.notEqual(first[name], second[name], name);
  for (const name of ["id", "CallID", "CaseID", "CalleeNumber"])
    assert.notEqual(first.Details[0][name], second.Details[0][name], name);
  await drill(optionsFor(receiver, { send }));
  assert.ok(requests.every(({ headers }) => !("airudder-replay" in headers)));
  for (const { body } of requests)
    for (const [phone] of body.toString().matchAll(/"\+62\d+"/g)) assert.match(phone, /^"\+620/);
});

test("drill: recorded pushes keep their bytes, except the ids and the Sign", async () => {
  const payload = samplePush("call.completed", { Details: [{ CallID: "call-0001", Comments: "call-0001/x" }] });
  const text = JSON.stringify(payload, undefined, 3)
    .replace("/x", "\\/x\\u00e9")
    .replace('"CallTimes": 2', '"CallTimes": 2.0');
  const sent: string[] = [];
  const { receiver } = makeApp();
  const send = sendTo(receiver, ({ body }) => sent.push(body.toString()));
  const pushes = [{ headers: { "content-type": "application/json; charset=utf-8" }, body: Buffer.from(text) }];
  const { ok } = await drill(optionsFor(receiver, { send, pushes, scenarios: ["duplicate"] }));
  assert.ok(ok);
  assert.equal(sent[0], sent[1]);
  const renewed = JSON.parse(sent[0] as string);
  const { CallID, CaseID, CalleeNumber, id } = renewed.Details[0];
  const [original] = payload.Details;
  let restored = sent[0] as string;
  for (const [now, before] of [
    [renewed.workflow_id, payload.workflow_id],
    [renewed.TaskID, payload.TaskID],
    [renewed.Sign, payload.Sign],
    [CallID, "call-0001"],
    [CaseID, original?.CaseID],
    [CalleeNumber, original?.CalleeNumber],
  ]) {
    assert.notEqual(now, before);
    restored = restored.replaceAll(JSON.stringify(now), JSON.stringify(before));
  }
  assert.equal(restored.replace(String(id), String(original?.id)), text);
});

test("drill: invalid options and a failing verify reject before anything is sent", async () => {
  const { receiver } = makeApp();
  let sent = 0;
  const send = sendTo(receiver, () => sent++);
  const cases: [Partial<DrillOptions>, RegExp][] = [
    [{ scenarios: ["duplicat"] }, /no scenario "duplicat"\. Scenarios: valid, duplicate/],
    [{ url: "localhost" }, /url/],
    [{ timeScale: 0 }, /timeScale must be a number above 0/],
    [{ verify: () => Promise.reject(new Error("no table")) }, /verify failed: no table/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(drill(optionsFor(receiver, { send, ...options })), { code: "invalid_option", message });
  }
  assert.equal(sent, 0);
});

test("drill: a verify that fails later fails the scenario, and the drill continues", async () => {
  const { receiver } = makeApp();
  let calls = 0;
  const verify = () => {
    if (++calls > 2) throw new Error("gone");
    return 0;
  };
  const { results } = await drill(optionsFor(receiver, { verify, scenarios: ["duplicate", "unknown-push"] }));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["failed", "passed"],
  );
  assert.match(results[0]?.reason ?? "", /^verify failed: gone$/);
});

test("drill: a push without any effect fails, and the scenarios that need one are skipped after valid", async () => {
  const receiver = airudder({ key: KEY, warnings: false });
  const { results } = await drill(optionsFor(receiver, { verify: () => 0, scenarios: ["valid", "duplicate"] }));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["failed", "skipped"],
  );
  const [alone] = (await drill(optionsFor(receiver, { verify: () => 0, scenarios: ["duplicate"] }))).results;
  assert.equal(alone?.status, "failed");
});

test("drillCases: one case per scenario; a failure rejects with what happened and what to do", async () => {
  const { receiver, forms } = makeApp({ detectsDuplicates: false });
  const options = optionsFor(receiver, { verify: forms.number });
  assert.deepEqual(
    drillCases(() => options).map(({ name }) => name),
    drillScenarios.map(({ name }) => name),
  );
  const [valid, duplicate] = drillCases({ ...options, scenarios: ["valid", "duplicate"] });
  await valid?.run();
  await assert.rejects(
    duplicate?.run() as Promise<void>,
    /^Error: duplicate: .*\+2 instead of \+1.* Detect duplicates/,
  );
});

/** An app without a receiver: `respond` is called with each payload and the state of the app. */
function handmade(respond: (payload: Record<string, string>, rows: string[]) => number | Promise<number>) {
  const rows: string[] = [];
  const send: DrillOptions["send"] = async ({ body }) => ({
    status: await respond(JSON.parse(body.toString()), rows),
    headers: {},
  });
  return { send, verify: () => rows.length };
}

async function statusOf(name: string, app: Partial<DrillOptions>): Promise<string | undefined> {
  const { results } = await drill(
    optionsFor(airudder({ key: KEY, token: false, warnings: false }), { ...app, scenarios: [name] }),
  );
  return results[0]?.status;
}

test("drill: a push that is rejected but handled is a failure", async () => {
  const isSigned = ({ TaskID, Sign }: { TaskID?: string; Sign?: string }) => Sign === sign(TaskID as string, KEY);
  const early = handmade((payload, rows) => {
    rows.push("row");
    return isSigned(payload) ? 200 : 401;
  });
  const late = handmade((payload, rows) => {
    if (isSigned(payload)) rows.push("row");
    return isSigned(payload) ? 200 : 401;
  });
  assert.deepEqual(
    [await statusOf("bad-signature", early), await statusOf("bad-signature", late)],
    ["failed", "passed"],
  );
});

test("drill: an app that discards states of a finished task fails late only", async () => {
  const finished = new Set<string>();
  const app = handmade((payload, rows) => {
    const { type, body } = payload.pds as unknown as { type: string; body: Record<string, string> };
    const { taskId, state, State } = body;
    if (type === "TaskStatus") finished.add(taskId as string);
    else if (!finished.has(taskId as string)) rows.push(String(state ?? State));
    return 200;
  });
  assert.deepEqual([await statusOf("late", app), await statusOf("out-of-order", app)], ["failed", "passed"]);
});

test("drill: an app that marks a push as seen before its work fails crash-before-response only", async () => {
  for (const marksEarly of [true, false]) {
    const seen = new Set<string>();
    let running = new AbortController();
    let workMs = 20;
    const app = handmade(async ({ TaskID }, rows) => {
      const { signal } = running;
      if (seen.has(TaskID as string)) return 200;
      if (marksEarly) seen.add(TaskID as string);
      const isControlRun = seen.size === (marksEarly ? 1 : 0);
      // When it is killed, the app must still work, also on a busy machine: the kill comes after half of the time of the control run.
      await sleep(isControlRun ? 20 : workMs);
      if (signal.aborted) throw Object.assign(new Error("killed"), { code: "ECONNRESET" });
      seen.add(TaskID as string);
      rows.push("row");
      return 200;
    });
    const restart = {
      kill: () => running.abort(),
      start: () => {
        running = new AbortController();
      },
    };
    const expected = marksEarly ? "failed" : "passed";
    workMs = 500;
    assert.equal(await statusOf("crash-before-response", { ...app, restart }), expected);
    workMs = 20;
    assert.equal(await statusOf("crash", { ...app, restart }), "passed");
  }
});
