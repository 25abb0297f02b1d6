import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sign, verifySign } from "airudder-webhooks";
import {
  type DrillEvent,
  type DrillOptions,
  type DrillResult,
  drill,
  drillCases,
  samplePush,
} from "airudder-webhooks/testing";
import { until } from "../../helpers/until.js";

// What a drill says about an app must be true: correct apps pass, and each defect is named by the scenario that looks for it.

const KEY = "k3y";
const FAST = { key: KEY, timeScale: 1_000, quietMs: 20, settleMs: 300 } as const;

interface Payload {
  readonly TaskID?: string;
  readonly Sign?: string;
  readonly Details?: readonly { readonly CallID: string; readonly CalleeName: string; readonly CalleeNumber: string }[];
  readonly pds?: { readonly type: string; readonly body: { readonly state?: string; readonly taskId?: string } };
}

type Respond = (payload: Payload) => number | undefined | Promise<number | undefined>;

/** An app that is called in this process. Without a number, the response is 200. */
function sendTo(respond: Respond): DrillOptions["send"] {
  return async ({ body }) => ({ status: (await respond(JSON.parse(body.toString()))) ?? 200, headers: {} });
}

/** Adds a row per call, once. `key` identifies a call. */
function rowsOf(key = ({ TaskID, Details }: Payload) => `${TaskID}/${Details?.[0]?.CallID}`) {
  const rows: Payload[] = [];
  const seen = new Set<string>();
  const add = (payload: Payload) => {
    if (payload.Details === undefined || seen.has(key(payload))) return false;
    seen.add(key(payload));
    rows.push(payload);
    return true;
  };
  return { rows, seen, add };
}

async function run(options: Partial<DrillOptions>): Promise<DrillResult[]> {
  const { results } = await drill({ url: "http://localhost/webhooks", ...FAST, ...options });
  return [...results];
}

async function runOne(name: string, options: Partial<DrillOptions>): Promise<DrillResult> {
  return (await run({ scenarios: [name], ...options }))[0] as DrillResult;
}

/** An app behind a real port. */
async function serve(
  t: TestContext,
  respond: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text) => {
      body += text;
    });
    request.on("end", () => respond(request, response, body));
  }).listen(0, "127.0.0.1");
  await until(() => server.listening);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("what a drill says about an app", { concurrency: true }, () => {
  test("an app that responds 503 for a second after each start passes", async () => {
    let upAt = performance.now() + 1_000;
    const { rows, add } = rowsOf();
    const send = sendTo((payload) => {
      if (performance.now() < upAt) return 503;
      if (payload.Sign !== undefined && !verifySign({ ...payload, TaskID: payload.TaskID ?? "" }, KEY)) return 401;
      add(payload);
      return 200;
    });
    const restart = {
      kill: () => undefined,
      start: () => {
        upAt = performance.now() + 1_000;
      },
    };
    const scenarios = ["bad-signature", "slow-handler", "duplicate-after-restart", "valid"];
    const results = await run({ send, restart, verify: () => rows.length, scenarios });
    assert.deepEqual(
      results.map(({ status }) => status),
      scenarios.map(() => "passed"),
      JSON.stringify(results),
    );
  });

  const UNSTABLE: Record<string, [() => unknown, RegExp]> = {
    "a time": [() => ({ rows: 0, at: new Date() }), /\(at\)/],
    "a time in a list": [() => [{ name: "x", times: { at: performance.now() } }], /\(\[\]\.times\.at\)/],
    "a text that disappears": [
      (() => {
        let left = 100;
        return () => Array.from({ length: left-- }, (_, i) => `free ${i}`);
      })(),
      /\(\[\]\)/,
    ],
  };
  for (const [name, [verify, path]] of Object.entries(UNSTABLE)) {
    test(`verify that changes while nothing is sent rejects, and names the path: ${name}`, async () => {
      let sent = 0;
      const send = sendTo(() => void sent++);
      await assert.rejects(runOne("duplicate", { send, verify }), (error: Error & { code?: string }) => {
        assert.equal(error.code, "invalid_option");
        assert.match(error.message, /changes while nothing is sent/);
        assert.match(error.message, path);
        assert.match(error.message, /Print only what pushes change/);
        return true;
      });
      assert.equal(sent, 0);
    });
  }

  test("an effect in two steps does not fail a correct app", async () => {
    const rows: string[] = [];
    const app = rowsOf();
    const send = sendTo((payload) => {
      if (!app.add(payload)) return;
      rows.push("row");
      setTimeout(() => rows.push("mail"), 300);
    });
    const scenarios = ["valid", "duplicate", "parallel", "bad-signature"];
    const verify = () => rows.length;
    const results = await run({ send, verify, settleMs: 800, scenarios });
    assert.deepEqual(
      results.map(({ status }) => status),
      ["passed", "passed", "passed", "failed"],
      JSON.stringify(results),
    );
    assert.equal(results[0]?.effect, "the number: +2");
    // The second step of a rejected push is found too.
    assert.match(results[3]?.reason ?? "", /200/);
  });

  const FORMS: Record<string, (rows: readonly Payload[]) => unknown> = {
    "a live array": (rows) => rows,
    "a live object": (() => {
      const live = { rows: 0 };
      return (rows: readonly Payload[]) => Object.assign(live, { rows: rows.length });
    })(),
    "a count as text": (rows) => [{ count: String(rows.length) }],
    "a bigint": (rows) => ({ count: BigInt(rows.length) }),
    "a Map": (rows) => new Map(rows.map(({ TaskID }) => [TaskID, 1])),
    "a Set": (rows) => new Set(rows.map(({ TaskID }) => TaskID)),
    "a result with functions": (rows) => ({ rowCount: rows.length, parse() {}, fields: [undefined] }),
    "a member named __proto__": (rows) => JSON.parse(`{"__proto__":${rows.length}}`),
  };
  for (const [name, form] of Object.entries(FORMS)) {
    test(`verify may return ${name}: once passes, twice fails`, async () => {
      for (const [key, status] of [
        [undefined, "passed"],
        [() => String(Math.random()), "failed"],
      ] as const) {
        // A second row of the same call must not be equal to the first one.
        const { rows, add } = rowsOf(key);
        const count = { n: 0 };
        const send = sendTo((payload) => {
          if (add(payload) && key !== undefined)
            rows[rows.length - 1] = { ...payload, TaskID: `${payload.TaskID}/${count.n++ % 2}` };
        });
        const result = await runOne("duplicate", { send, verify: () => form(rows) });
        assert.equal(result.status, status, result.reason);
      }
    });
  }

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const REJECTED: Record<string, [unknown, RegExp]> = {
    circular: [circular, /circular/],
    undefined: [undefined, /returned undefined/],
    NaN: [{ average: Number.NaN }, /NaN/],
    "nested too deeply": [JSON.parse(`${"[".repeat(5_000)}1${"]".repeat(5_000)}`), /nested more than/],
  };
  for (const [name, [value, message]] of Object.entries(REJECTED)) {
    test(`verify must not return a value that is ${name}`, async () => {
      const options = { send: sendTo(() => 200), verify: () => value };
      await assert.rejects(runOne("valid", options), { code: "invalid_option", message });
    });
  }

  test("the report shows the effect of one push, so that a handler that does its work twice is noticed", async () => {
    const { rows, add } = rowsOf();
    const send = sendTo((payload) => {
      if (add(payload)) rows.push(payload);
    });
    const { effect, reason } = await runOne("valid", { send, verify: () => rows.length });
    assert.equal(effect, "the number: +2");
    assert.match(reason, /The effect of one push: the number: \+2\. Check/);
  });

  test("redact replaces the texts and names of verify in reasons; numbers and differences stay", async () => {
    const rows: unknown[] = [];
    const send = sendTo(({ Details }) => {
      const [call] = Details ?? [];
      rows.push({ name: call?.CalleeName, phone: call?.CalleeNumber, n: 1, "Budi Santoso": "x".repeat(500) });
    });
    const redact = (text: string, kind: string) => (kind === "name" && /^\w+$/.test(text) ? text : `<${kind}>`);
    const { status, reason } = await runOne("duplicate", { send, verify: () => rows, redact });
    assert.equal(status, "failed");
    assert.match(reason, /\[\]\.n: \+2 instead of \+1/);
    assert.match(reason, /\[\]\.name = <value>: added 2 times instead of once/);
    assert.ok(!/Budi|TEST|xx/.test(reason), reason);
    const { reason: long } = await runOne("duplicate", { send, verify: () => rows });
    assert.ok(long.length < 500, long);
  });

  test("an app that detects duplicates by TaskID alone fails same-task only", async () => {
    for (const [key, expected] of [
      [({ TaskID }: Payload) => String(TaskID), ["passed", "passed", "failed"]],
      [undefined, ["passed", "passed", "passed"]],
    ] as const) {
      const { rows, add } = rowsOf(key);
      const send = sendTo((payload) => void add(payload));
      const results = await run({ send, verify: () => rows.length, scenarios: ["valid", "duplicate", "same-task"] });
      assert.deepEqual(
        results.map(({ status }) => status),
        expected,
        JSON.stringify(results),
      );
    }
  });

  test("duplicate-after-restart notes that a push is handled again, and fails if one is lost", async () => {
    const cases = {
      remembers: /^The effect was as expected/,
      forgets: /Note: .*more than once/,
      fails: /got the response 409/,
    };
    for (const [what, reason] of Object.entries(cases)) {
      const { rows, seen, add } = rowsOf();
      let hasRestarted = false;
      const send = sendTo((payload) => (add(payload) || !hasRestarted || what !== "fails" ? 200 : 409));
      const start = () => {
        hasRestarted = true;
        if (what === "forgets") seen.clear();
      };
      const restart = { kill: () => undefined, start };
      const result = await runOne("duplicate-after-restart", { send, restart, verify: () => rows.length });
      assert.deepEqual([what, result.status], [what, what === "fails" ? "failed" : "passed"]);
      assert.match(result.reason, reason);
    }
  });

  test("crash kills the app at several times after its responses", async () => {
    const { rows, add } = rowsOf();
    const acknowledged: number[] = [];
    const delays: number[] = [];
    const send = sendTo((payload) => {
      add(payload);
      acknowledged.push(performance.now());
    });
    const restart = {
      kill: () => void delays.push(performance.now() - (acknowledged.at(-1) as number)),
      start: () => undefined,
    };
    const result = await runOne("crash", { send, restart, verify: () => rows.length });
    assert.equal(result.status, "passed");
    assert.equal(delays.length, 3);
    assert.ok((delays[0] as number) < 9 && (delays[1] as number) > 1 && (delays[2] as number) > 9, String(delays));
  });

  test("an app that loses a push only if it is killed 5 ms after its response fails crash", async () => {
    const rows: string[] = [];
    let pending: NodeJS.Timeout[] = [];
    let kills = 0;
    const send = sendTo(({ TaskID }) => {
      rows.push(String(TaskID));
      pending.push(setTimeout(() => undefined, 1));
    });
    const restart = {
      // The second crash loses the last row.
      kill: () => {
        for (const timer of pending) clearTimeout(timer);
        pending = [];
        if (++kills === 2) rows.pop();
      },
      start: () => undefined,
    };
    assert.equal((await runOne("crash", { send, restart, verify: () => rows.length })).status, "failed");
  });

  test("a response that ends in the middle of its body is a failed delivery", async (t) => {
    const url = await serve(t, (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setTimeout(() => response.destroy(), 5);
    });
    const result = await runOne("valid", { url });
    assert.equal(result.status, "failed");
    assert.match(result.reason, /a response that ended too early/);
  });

  test("an app that rejects each first delivery fails valid, and slow-handler without advice about time", async () => {
    const seen = new Set<string>();
    const send = sendTo(({ TaskID }) => {
      const isRetry = seen.has(String(TaskID));
      seen.add(String(TaskID));
      return isRetry ? 200 : 500;
    });
    const [valid, slow] = (await Promise.all([runOne("valid", { send }), runOne("slow-handler", { send })])) as [
      DrillResult,
      DrillResult,
    ];
    assert.deepEqual([valid.status, slow.status], ["failed", "failed"]);
    assert.match(valid.reason, /The first delivery of a valid push got the response 500, and a retry got 200/);
    assert.match(slow.reason, /got the response 500/);
    assert.ok(!/work afterwards/.test(slow.advice ?? ""), slow.advice);
  });

  test("wrong-token replaces the token in a path, and a 404 is no proof", async () => {
    const urls: string[] = [];
    const statusOf = async (url: string, token: string | undefined, respond: (url: string) => number) => {
      const send: DrillOptions["send"] = async (request) => {
        urls.push(request.url);
        return { status: respond(request.url), headers: {} };
      };
      return (await runOne("wrong-token", { url, token, send })).status;
    };
    const path = "http://localhost/hooks/t/t0ken";
    assert.equal(await statusOf(path, undefined, (url) => (url.endsWith("/t0ken") ? 200 : 401)), "passed");
    assert.equal(await statusOf(path, "t0ken", (url) => (url.endsWith("/t0ken") ? 200 : 401)), "passed");
    assert.equal(await statusOf(path, undefined, (url) => (url.endsWith("/t0ken") ? 200 : 404)), "skipped");
    assert.equal(await statusOf("http://localhost/hooks", "t0ken", () => 404), "failed");
    assert.ok(urls.every((url) => !url.endsWith("/t0ken")));
  });

  test("no pushes and an app that is down are errors before anything is sent", async (t) => {
    const url = await serve(t, (_, response) => response.end("{}"));
    await assert.rejects(runOne("duplicate", { url, pushes: [] }), {
      code: "invalid_option",
      message: /there are none/,
    });
    for (const [down, message] of [
      ["http://127.0.0.1:1/t/secret?token=secret", /http:\/\/127\.0\.0\.1:1\/t\/… \(ECONNREFUSED\)\. Start the app/],
      ["http://airudder.invalid/", /\((ENOTFOUND|EAI_AGAIN)\)\. Check the host name/],
    ] as const)
      await assert.rejects(runOne("unknown-push", { url: down }), { code: "invalid_option", message });
  });

  test("after the app has ended, the other scenarios are skipped; with restart, it is started again", async (t) => {
    for (const canRestart of [false, true]) {
      let isUp = true;
      const server = createServer((request, response) => {
        request.resume().on("end", () => {
          response.end("{}");
          if (!isUp) return;
          isUp = false;
          server.close();
          server.closeAllConnections();
        });
      });
      server.listen(0, "127.0.0.1");
      await until(() => server.listening);
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      const restart = {
        kill: () => undefined,
        start: async () => {
          server.listen(port, "127.0.0.1");
          await until(() => server.listening);
        },
      };
      const scenarios = ["not-json", "unknown-push", "exact-bytes"];
      const results = await run({
        url: `http://127.0.0.1:${port}/`,
        restart: canRestart ? restart : undefined,
        scenarios,
      });
      const [first, second] = results.slice(1) as [DrillResult, DrillResult];
      if (canRestart) assert.equal(first.status, "passed", first.reason);
      else {
        assert.deepEqual([first.status, second.status], ["skipped", "skipped"], JSON.stringify(results));
        assert.match(second.reason, /The app is not reachable at http:\/\/127\.0\.0\.1:\d+\/ \(ECONNREFUSED\)/);
        assert.match(second.advice ?? "", /log/);
      }
    }
  });

  test("an app that handles only dialer pushes is drilled with them", async () => {
    const states = new Map<string, string>();
    let calls = 0;
    const send = sendTo(({ pds }) => {
      calls++;
      if (pds?.type !== "ContactStatus") return;
      states.set(`${pds.body.taskId}`, `${pds.body.state}`);
    });
    const verify = () => Object.fromEntries(states);
    const results = await run({ send, verify, scenarios: ["valid", "duplicate", "same-task", "large-push"] });
    assert.deepEqual(
      results.map(({ status }) => status),
      ["passed", "passed", "skipped", "passed"],
      JSON.stringify(results),
    );
    assert.match(results[0]?.reason ?? "", /Note: call\.completed has no effect, so the drill sends dialer\.contact\./);
    const before = calls;
    await runOne("valid", { send, verify: () => 0 });
    assert.ok(calls - before < 15, "the search for a type is made once");
  });

  test("recorded pushes that cannot be used are left out and counted", async () => {
    const call = samplePush("call.completed", {}, { key: KEY });
    const { Sign: _, ...unsigned } = call;
    const bodies = [call, unsigned, [call], { answer: 42 }].map((value) => Buffer.from(JSON.stringify(value)));
    const pushes = [...bodies, Buffer.from("no JSON"), Buffer.from("")].map((body) => ({ body }));
    const { rows, add } = rowsOf();
    const events: DrillEvent[] = [];
    const send = sendTo((payload) => {
      assert.equal(payload.Sign, sign(payload.TaskID as string, KEY));
      add(payload);
    });
    const onEvent = (event: DrillEvent) => void events.push(event);
    const result = await runOne("duplicate", { send, verify: () => rows.length, pushes, onEvent });
    assert.equal(result.status, "passed", result.reason);
    assert.deepEqual(events[0], {
      event: "pushes",
      used: 1,
      leftOut: [
        { count: 1, reason: "no Sign" },
        { count: 3, reason: "not a JSON object" },
        { count: 1, reason: "no known ids that could be replaced" },
      ],
    });
    const none = runOne("duplicate", { send, pushes: pushes.slice(2) });
    await assert.rejects(none, {
      code: "invalid_option",
      message: /none of the recorded pushes can be used \(3: not a/,
    });
  });

  test("recorded pushes without an effect are a skip that names their type", async () => {
    const pushes = [{ body: Buffer.from(JSON.stringify(samplePush("workflow.status"))) }];
    const { status, reason, advice } = await runOne("duplicate", { send: sendTo(() => 200), verify: () => 0, pushes });
    assert.equal(status, "skipped");
    assert.match(reason, /no effect of the control run.*workflow\.status/);
    assert.ok(!`${reason}${advice}`.includes("call.completed"));
  });

  test("the advice fits the response", async (t) => {
    const cases: [number, string, Record<string, string>, RegExp, RegExp][] = [
      [401, '{"error":{"code":"bad_token","message":"m"}}', {}, /401 \(bad_token\)/, /token.*AIRUDDER_TOKEN/],
      [401, '{"error":{"code":"bad_sign","message":"m"}}', {}, /401 \(bad_sign\)/, /key/],
      [404, "", {}, /404/, /URL that the receiver is mounted at, instead of http:\/\/127\.0\.0\.1:\d+\/\./],
      [308, "", { location: "/hooks/?token=secret" }, /308/, /final URL, http:\/\/127\.0\.0\.1:\d+\/hooks\/\.$/],
    ];
    for (const [status, body, headers, reason, advice] of cases) {
      const url = await serve(t, (_, response) => response.writeHead(status, headers).end(body));
      const result = await runOne("valid", { url });
      assert.equal(result.status, "failed");
      assert.match(result.reason, reason);
      assert.match(result.advice ?? "", advice);
    }
  });

  test("time-scale scales the minute before a retry only, and the wait is an event", async () => {
    const events: DrillEvent[] = [];
    const send = sendTo(async () => {
      await sleep(200);
      return 200;
    });
    const onEvent = (event: DrillEvent) => void events.push(event);
    const results = await run({ send, timeScale: 600, scenarios: ["slow-handler", "retry-after-minute"], onEvent });
    assert.deepEqual(
      results.map(({ status }) => status),
      ["passed", "passed"],
      JSON.stringify(results),
    );
    assert.deepEqual(
      events.filter(({ event }) => event === "wait"),
      [{ event: "wait", name: "retry-after-minute", ms: 100 }],
    );
  });

  test("drillCases run one after the other, skip what a failed case would fail for, and report skips", async () => {
    let running = 0;
    let maxRunning = 0;
    const send: DrillOptions["send"] = async () => {
      maxRunning = Math.max(maxRunning, ++running);
      await sleep(5);
      running--;
      return { status: 401, headers: {} };
    };
    const scenarios = ["valid", "duplicate", "crash", "bad-signature"];
    const cases = drillCases({ url: "http://localhost/", ...FAST, send, scenarios });
    const skips: [string, string][] = [];
    const outcomes = await Promise.allSettled(
      cases.map(({ name, run }) => run({ skip: (reason) => void skips.push([name, String(reason)]) })),
    );
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["rejected", "fulfilled", "fulfilled", "fulfilled"],
    );
    assert.deepEqual(
      skips.map(([name]) => name),
      ["duplicate", "crash"],
    );
    assert.match(skips[0]?.[1] ?? "", /The scenario valid failed/);
    assert.equal(maxRunning, 1);
    assert.ok(
      cases.every(({ run }) => run.length === 0),
      "a test runner would pass a callback",
    );
  });
});
