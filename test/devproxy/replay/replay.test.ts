import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplayEvent, ReplayRequest, Row, VerdictEvent } from "airudder-devproxy";
import { sign, verifySign } from "airudder-webhooks";
import { statusOf } from "../../../devproxy/src/journal/index.js";
import { run, sample, send, startProxy, type TestProxy } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

async function replayed(
  { proxy }: TestProxy,
  request: ReplayRequest,
): Promise<{ verdicts: VerdictEvent[]; events: ReplayEvent[] }> {
  const events: ReplayEvent[] = [];
  await proxy.replay(request, (event) => events.push(event));
  return { events, verdicts: events.filter((event) => event.event === "verdict") };
}

test("a replay sends the same bytes with the replay header, and is recorded as a delivery", async (t) => {
  const running = await startProxy(t);
  const { proxy, app } = running;
  await send(proxy.localUrl, sample("call.completed/vendor-example"), { headers: { "user-agent": "Airudder" } });
  const [row] = proxy.store.index.rows;
  await replayed(running, { ids: ["1"] });
  const [live, again] = app.requests;
  assert.equal(again?.sha256, live?.sha256);
  assert.equal(again?.headers["airudder-replay"], row?.push.id);
  assert.equal(live?.headers["airudder-replay"], undefined);
  assert.equal(again?.headers["user-agent"], "Airudder");
  assert.deepEqual(
    row?.deliveries.map(({ head }) => [head.cause, head.status]),
    [
      ["live", 200],
      ["replay", 200],
    ],
  );
});

test("verdicts: fixed, regressed, still failing and same, with the differences", async (t) => {
  const running = await startProxy(t);
  const { proxy, app } = running;
  const respond = (status: number, body: object) => (_: unknown, response: import("node:http").ServerResponse) =>
    void response.writeHead(status).end(JSON.stringify(body));
  app.reply = respond(500, { error: { code: "boom", at: "save" } });
  await send(proxy.localUrl, "{}");
  const steps: [number, object, string, unknown[]][] = [
    [
      500,
      { error: { code: "bang", at: "save" } },
      "still failing",
      [{ path: "/error/code", before: "boom", after: "bang" }],
    ],
    [
      200,
      { ok: true },
      "fixed",
      [
        { path: "status", before: 500, after: 200 },
        { path: "/error", before: { code: "bang", at: "save" } },
        { path: "/ok", after: true },
      ],
    ],
    [200, { ok: true }, "same", []],
    [200, { ok: [1, 2] }, "same", [{ path: "/ok", before: true, after: [1, 2] }]],
    [404, { ok: [1, 2] }, "regressed", [{ path: "status", before: 200, after: 404 }]],
  ];
  for (const [status, body, verdict, differences] of steps) {
    app.reply = respond(status, body);
    const { verdicts } = await replayed(running, { last: 1 });
    assert.deepEqual([verdicts[0]?.verdict, verdicts[0]?.differences], [verdict, differences]);
  }
  await app.stop();
  const { verdicts } = await replayed(running, { last: 1 });
  assert.equal(verdicts[0]?.verdict, "still failing");
  assert.equal(verdicts[0]?.status, null);
  assert.match(String(verdicts[0]?.error), /connection refused/);
});

test("with --expect, both the old and the new response count as successful if their status is expected", async (t) => {
  const running = await startProxy(t);
  const { proxy, app } = running;
  const steps: [then: number, now: number, expect: string, verdict: string, unexpected: true | undefined][] = [
    [200, 204, "2xx", "same", undefined],
    [500, 204, "2xx", "fixed", undefined],
    [200, 404, "404", "fixed", undefined],
    [404, 404, "404", "same", undefined],
    [404, 200, "404", "regressed", true],
    [500, 200, "404", "still failing", true],
  ];
  for (const [i, [then, now, expect, verdict, unexpected]] of steps.entries()) {
    app.reply = (_, response) => void response.writeHead(then).end();
    await send(proxy.localUrl, `{"n":${i}}`);
    app.reply = (_, response) => void response.writeHead(now).end();
    const [actual] = (await replayed(running, { last: 1, expect })).verdicts;
    assert.deepEqual([then, now, actual?.verdict, actual?.unexpected], [then, now, verdict, unexpected]);
  }
});

test("a replay without a response does not change the status of its push", async (t) => {
  const running = await startProxy(t);
  const { proxy, app } = running;
  await send(proxy.localUrl, "{}");
  await app.stop();
  const { verdicts } = await replayed(running, { last: 1 });
  assert.deepEqual([verdicts[0]?.verdict, verdicts[0]?.status], ["regressed", null]);
  assert.equal(statusOf(proxy.store.index.rows[0] as Row), "accepted");
});

test("ids, --last, filters and their combinations select pushes", async (t) => {
  const running = await startProxy(t);
  const { proxy, app } = running;
  app.reply = ({ body }, response) =>
    void response.writeHead(Number(JSON.parse(body.toString()).n) % 2 ? 500 : 200).end();
  for (const n of [1, 2, 3, 4, 5]) await send(proxy.localUrl, `{"n":${n}}`);
  const cases: [ReplayRequest, number[]][] = [
    [{ ids: ["4", "1..2"] }, [1, 2, 4]],
    [{ last: 2 }, [4, 5]],
    [{ filters: { status: "failed" } }, [1, 3, 5]],
    [{ filters: { status: "failed" }, last: 1 }, [5]],
    [{ ids: ["1..3"], filters: { status: "failed" } }, [1, 3]],
    [{ filters: { type: "dialer.task" } }, []],
  ];
  for (const [request, expected] of cases) {
    const { verdicts, events } = await replayed(running, request);
    assert.deepEqual([request, verdicts.map(({ seq }) => seq)], [request, expected]);
    assert.equal(events.at(-1)?.event, "summary");
  }
  await assert.rejects(replayed(running, {}), { exit: 2, message: /Select the pushes to replay/ });
});

test("--to sends to another app, and the delivery records its target", async (t) => {
  const running = await startProxy(t);
  const other = await new RecorderApp().start();
  t.after(() => other.stop());
  await send(running.proxy.localUrl, "{}");
  await replayed(running, { last: 1, to: `${other.origin}/other?x=1` });
  assert.equal(other.requests[0]?.url, "/other?x=1");
  assert.equal(running.app.requests.length, 1);
  assert.equal(running.proxy.store.index.rows[0]?.deliveries[1]?.head.target, `${other.origin}/other?x=1`);
});

test("a replay that was edited, sent elsewhere or stopped does not change the status of its push", async (t) => {
  const running = await startProxy(t);
  const other = await new RecorderApp((_, response) => void response.writeHead(500).end()).start();
  t.after(() => other.stop());
  const { proxy, app } = running;
  await send(proxy.localUrl, '{"n":1}');
  const [row] = proxy.store.index.rows as [Row];

  app.reply = ({ body }, response) => void response.writeHead(body.includes("2") ? 400 : 200).end("{}");
  const edited = await replayed(running, { ids: ["1"], set: ["n=2"] });
  assert.deepEqual([edited.verdicts[0]?.verdict, edited.verdicts[0]?.edited], ["regressed", true]);
  const printed = await run(["replay", "1", "--set", "n=2", "--journal", running.dir]);
  assert.match(printed.out, /ms {2}edited\n/);
  const elsewhere = await replayed(running, { ids: ["1"], to: other.url });
  assert.equal(elsewhere.verdicts[0]?.verdict, "regressed", "compared with the live response");
  assert.equal(elsewhere.verdicts[0]?.edited, undefined);
  let summary: ReplayEvent | undefined;
  app.reply = () => void proxy.close();
  await proxy.replay({ ids: ["1"] }, (event) => {
    summary = event;
  });
  assert.deepEqual(summary?.event === "summary" && [summary.total, summary.interrupted], [0, true]);
  assert.deepEqual(
    row.deliveries.map(({ head }) => [head.cause, head.status, head.aside]),
    [
      ["live", 200, undefined],
      ["replay", 400, "edited"],
      ["replay", 400, "edited"],
      ["replay", 500, "elsewhere"],
      ["replay", undefined, "stopped"],
    ],
  );
  assert.equal(statusOf(row), "accepted");
});

test("an edit without effect, and the app's address with another query, change the status of the push", async (t) => {
  const running = await startProxy(t);
  await send(running.proxy.localUrl, '{"n":1}');
  await replayed(running, { ids: ["1"], set: ["n=1"], to: `${running.app.url}?token=x` });
  assert.equal(running.proxy.store.index.rows[0]?.deliveries[1]?.head.aside, undefined);
});

test("at full speed with parallel requests, pushes of one subject stay sequential and in order", async (t) => {
  const running = await startProxy(t);
  const { proxy, app } = running;
  const agent = (name: string, n: number) =>
    JSON.stringify({
      type: "AgentStatus",
      body: { agentName: name, State: "CALLING", taskId: "t", timestamp: String(n) },
    });
  for (let n = 0; n < 8; n++) for (const name of ["a", "b", "c"]) await send(proxy.localUrl, agent(name, n));
  app.requests.length = 0;
  const busy = new Set<string>();
  let atOnce = 0;
  app.reply = async ({ body }, response) => {
    const { agentName } = JSON.parse(body.toString()).body;
    assert.equal(busy.has(agentName), false);
    busy.add(agentName);
    atOnce = Math.max(atOnce, busy.size);
    await new Promise((resolve) => setTimeout(resolve, 5));
    busy.delete(agentName);
    response.end();
  };
  const { verdicts } = await replayed(running, { last: 24, concurrency: 6 });
  assert.equal(verdicts.length, 24);
  assert.ok(verdicts.every(({ status }) => status === 200));
  assert.ok(atOnce > 1);
  for (const name of ["a", "b", "c"]) {
    const bodies = app.requests
      .map(({ body }) => JSON.parse(body.toString()).body)
      .filter(({ agentName }) => agentName === name);
    assert.deepEqual(
      bodies.map(({ timestamp }) => timestamp),
      ["0", "1", "2", "3", "4", "5", "6", "7"],
    );
  }
});

test("--speed keeps the original timing, divided by a factor", async (t) => {
  const running = await startProxy(t);
  await send(running.proxy.localUrl, '{"n":1}');
  await new Promise((resolve) => setTimeout(resolve, 400));
  await send(running.proxy.localUrl, '{"n":2}');
  const timed = async (speed: number | "max") => {
    const start = performance.now();
    await replayed(running, { last: 2, speed });
    return performance.now() - start;
  };
  assert.ok((await timed(1)) >= 380);
  assert.ok((await timed(4)) >= 90);
});

test("--set changes one value and no other byte; --key signs the payload again", async (t) => {
  const running = await startProxy(t, { key: "one" });
  const { proxy, app } = running;
  const text = `{ "TaskID":"t\\/1",  "Sign" : "${sign("t/1", "one")}", "Details":[{"CallID":"c", "n": 1.0,"e":"😀"}] }\n`;
  await send(proxy.localUrl, text);
  await replayed(running, { last: 1, set: ["Details[0].CallID=new one", "/Details/0/n=2"], key: "two" });
  const sent = app.requests[1]?.body.toString() ?? "";
  assert.equal(
    sent,
    text.replace('"c"', '"new one"').replace("1.0", "2").replace(sign("t/1", "one"), sign("t/1", "two")),
  );
  assert.ok(verifySign(JSON.parse(sent), "two"));
});

test("--set adds a missing field at the end, and changes no other byte", async (t) => {
  const running = await startProxy(t);
  const text = '{ "a" : {"b":{ } ,"c":1.0 } \n}';
  await send(running.proxy.localUrl, text);
  const cases: [string, string][] = [
    ["a.b.n=5", '{ "a" : {"b":{"n":"5" } ,"c":1.0 } \n}'],
    ["a.b.n:=5", '{ "a" : {"b":{"n":5 } ,"c":1.0 } \n}'],
    ["a.d=x", '{ "a" : {"b":{ } ,"c":1.0,"d":"x" } \n}'],
    ['e "q":={"f":[]}', '{ "a" : {"b":{ } ,"c":1.0 },"e \\"q\\"":{"f":[]} \n}'],
  ];
  for (const [edit, expected] of cases) {
    await replayed(running, { ids: ["1"], set: [edit] });
    assert.equal(running.app.requests.at(-1)?.body.toString(), expected);
  }
});

test("an edit that does not fit the schema is reported and sent", async (t) => {
  const running = await startProxy(t);
  await send(running.proxy.localUrl, sample("call.completed/answered"));
  const { events } = await replayed(running, { last: 1, set: ["Details[0].CallTimes:=[]"] });
  const note = events.find((event) => event.event === "note" && event.code === "edit_drifts");
  assert.match(
    note?.event === "note" ? note.message : "",
    /#1: the edit does not fit the schema at \/Details\/0\/CallTimes/,
  );
  assert.equal(running.app.requests.length, 2);
});

const wrong: [ReplayRequest, RegExp][] = [
  [
    { last: 2, set: ["Details[5].CallID=x"] },
    /there is no Details\[5\]\.CallID in #1\. Details has 1 element\. Add one/,
  ],
  [{ last: 2, set: ["Details[5]=x"] }, /there is no Details\[5\] in #1\. Details has 1 element\. Add one/],
  [{ last: 2, set: ["TaskID.more=x"] }, /there is no TaskID\.more in #1, and no object/],
  [{ last: 2, set: ["Nothing.at.all=x"] }, /there is no Nothing\.at\.all in #1, and no object/],
  [{ last: 2, set: ["Details"] }, /is not path=value/],
  [{ last: 2, set: ["=x"] }, /is not path=value/],
  [{ last: 2, set: ["a..b=x"] }, /is not a path/],
  [{ last: 2, set: ["a[x]=1"] }, /is not a path/],
  [{ last: 2, set: ["TaskID:=oops"] }, /is not valid JSON/],
  [{ ids: ["2"], set: ["a=1"] }, /body of #2 is not a JSON object/],
  [{ last: 1, to: "ftp://x" }, /--to "ftp:\/\/x" is not an http\(s\) URL/],
  [{ last: 1, to: "localhost:3000" }, /--to/],
  [{ last: 1, expect: "ok" }, /--expect "ok" is not a status/],
  [{ last: 1, speed: -1 }, /--speed/],
  [{ last: 1, concurrency: 0 }, /--concurrency/],
  [{ ids: ["99"] }, /no push 99/],
];

test("wrong input is rejected with one line, before anything is sent", async (t) => {
  const running = await startProxy(t);
  await send(running.proxy.localUrl, sample("call.completed/answered"));
  await send(running.proxy.localUrl, "[not an object]");
  for (const [request, message] of wrong) {
    await assert.rejects(replayed(running, request), (error: Error & { exit: number }) => {
      assert.match(error.message, message);
      assert.equal(error.message.includes("\n"), false);
      assert.equal(error.exit, 2);
      return true;
    });
  }
  assert.equal(running.app.requests.length, 2);
});
