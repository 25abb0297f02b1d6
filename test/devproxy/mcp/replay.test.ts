import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openJournal } from "airudder-webhooks/journal";
import { ListenProcess, sample, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { McpProcess } from "../../helpers/mcp.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { until } from "../../helpers/until.js";

/** A result that the middleware reports. */
function report(result: "handled" | "failed") {
  return (_: unknown, response: import("node:http").ServerResponse) => {
    const outcome = { type: "call.completed", verified: false, duplicate: false, drift: 0, result };
    const headers = { "content-type": "application/json", "airudder-outcome": JSON.stringify(outcome) };
    response.writeHead(result === "handled" ? 200 : 500, headers).end("{}");
  };
}

async function listenWith(t: TestContext, pushes: number, app = new RecorderApp()) {
  await app.start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  for (let n = 0; n < pushes; n++) await send(listening.localUrl, `{"n":${n}}`);
  app.requests.length = 0;
  return { app, dir, listening };
}

for (const through of ["the running listen", "its own process"] as const) {
  test(`replays through ${through}: fixed, then regressed, unedited and to the app`, async (t) => {
    const app = new RecorderApp(report("failed"));
    await app.start();
    t.after(() => app.stop());
    const { proxy, dir } = await startProxy(t, { app });
    const bytes = sample("call.completed/answered");
    await send(proxy.localUrl, bytes);
    if (through === "its own process") await proxy.close();
    const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"]);
    app.reply = report("handled");
    const fixed = await mcp.call("replay_push", { ids: ["1"] });
    assert.equal(fixed.isError, false, fixed.texts[0]);
    assert.deepEqual([fixed.data.total, fixed.data.target, fixed.data.untrusted], [1, app.url, true]);
    assert.deepEqual([fixed.data.verdicts[0].verdict, fixed.data.verdicts[0].seq], ["fixed", 1]);
    assert.deepEqual(fixed.data.summary.verdicts, { fixed: 1 });
    app.reply = report("failed");
    const regressed = await mcp.call("replay_push", { status: "handled" });
    assert.equal(regressed.data.verdicts[0].verdict, "regressed");
    const none = await mcp.call("replay_push", { status: "handled" });
    assert.deepEqual([none.isError, none.data.total], [false, 0]);
    assert.deepEqual(none.data.notes, ["No recorded push matches: nothing was sent."]);
    assert.equal(app.requests.length, 3);
    for (const { body } of app.requests) assert.deepEqual(body, bytes);
    assert.equal(app.requests[1]?.headers["airudder-replay"], fixed.data.verdicts[0].push);
  });
}

test("a replay needs a selection, takes at most 50 pushes, and no target or edit", async (t) => {
  const { app, dir } = await listenWith(t, 51);
  const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"]);
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{}, /Select the pushes to replay/],
    [{ ids: [] }, /ids must be a list of 1 to 200/],
    [{ ids: ["1..51"] }, /51 pushes match\. One call replays at most 50\. Set limit, or narrow the filters\./],
    [{ type: "unknown" }, /51 pushes match/],
    [{ limit: 51 }, /from 1 to 50/],
    [{ ids: ["99"] }, /There is no push 99/],
    [{ ids: ["1"], to: "http://127.0.0.1:1/" }, /"to" is not an argument/],
    [{ ids: ["1"], set: ["n=2"] }, /"set" is not an argument/],
    [{ ids: ["1"], key: "k" }, /"key" is not an argument/],
  ];
  for (const [given, message] of wrong) {
    const { isError, texts } = await mcp.call("replay_push", given);
    assert.deepEqual([given, isError], [given, true]);
    assert.match(texts[0] ?? "", message);
  }
  assert.equal(app.requests.length, 0);
  const newest = await mcp.call("replay_push", { type: "unknown", limit: 2 });
  assert.deepEqual(
    app.requests.map(({ body }) => String(body)),
    ['{"n":49}', '{"n":50}'],
  );
  assert.equal(newest.data.summary.total, 2);
});

test("without listen, the configured target is used, and a locked journal is an error", async (t) => {
  const { app, dir, listening } = await listenWith(t, 1);
  await listening.stop();
  const other = await new RecorderApp().start();
  t.after(() => other.stop());
  const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"], { AIRUDDER_TARGET: other.url });
  assert.equal((await mcp.call("replay_push", { ids: ["1"] })).data.target, other.url);
  assert.deepEqual([app.requests.length, other.requests.length], [0, 1]);
  const journal = await openJournal(dir);
  const locked = await mcp.call("replay_push", { ids: ["1"] });
  assert.equal(locked.isError, true);
  assert.match(locked.texts[0] ?? "", /another process .*is writing to it|in use/i);
  assert.equal((await mcp.call("list_pushes")).data.total, 1);
  await journal.close();
});

test("replays of several calls run one after another", async (t) => {
  const { dir, listening, app } = await listenWith(t, 3);
  await listening.stop();
  const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"]);
  app.reply = async (_, response) => {
    await sleep(50);
    response.end("{}");
  };
  const results = await Promise.all([1, 2, 3].map((id) => mcp.call("replay_push", { ids: [id] })));
  for (const { isError, texts, data } of results) assert.equal(isError || data.total !== 1, false, texts[0]);
});

test("if listen is killed during a replay, the result is an error with the verdicts so far", async (t) => {
  const { app, dir, listening } = await listenWith(t, 5);
  const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"]);
  app.reply = (_, response) => {
    if (app.requests.length < 3) response.end("{}");
    else void listening.kill();
  };
  const { isError, texts, data } = await mcp.call("replay_push", { limit: 5 });
  assert.equal(isError, true);
  assert.equal(texts[0], "The running listen ended before the replay did. 2 pushes of 5 replayed.");
  assert.deepEqual([data.untrusted, data.total, data.verdicts.length], [true, 5, 2]);
  app.reply = (_, response) => void response.end("{}");
  const again = await mcp.call("replay_push", { limit: 5 });
  assert.deepEqual([again.isError, again.data.summary.total], [false, 5]);
});

for (const through of ["the running listen", "its own process"] as const) {
  test(`a cancelled replay through ${through} stops, and the server goes on`, async (t) => {
    const { app, dir, listening } = await listenWith(t, 5);
    if (through === "its own process") await listening.stop();
    const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"]);
    const cancel = new AbortController();
    const progress: number[] = [];
    app.reply = (_, response) => {
      if (app.requests.length < 2) response.end("{}");
      else void until(() => progress.length > 0).then(() => cancel.abort());
    };
    const call = { name: "replay_push", arguments: { limit: 5 } };
    const options = { signal: cancel.signal, onprogress: (one: { progress: number }) => progress.push(one.progress) };
    await assert.rejects(mcp.client.callTool(call, undefined, options), /AbortError|aborted/);
    assert.deepEqual(progress, [1]);
    app.reply = (_, response) => void response.end("{}");
    const again = await mcp.call("replay_push", { limit: 1 });
    assert.equal(again.isError, false, again.texts[0]);
    assert.equal(app.requests.length, 3);
  });
}

test("if the client disconnects during a replay, the server stops it, ends and releases the journal", async (t) => {
  const { app, dir, listening } = await listenWith(t, 5);
  await listening.stop();
  const mcp = await McpProcess.start(t, ["--journal", dir, "--allow-replay"]);
  app.reply = () => undefined;
  const call = mcp.call("replay_push", { limit: 5 }).catch(() => undefined);
  await app.received(1);
  const { pid } = mcp.transport;
  const start = performance.now();
  await mcp.client.close();
  await until(() => !isRunning(pid as number));
  assert.ok(performance.now() - start < 1_400, "the replay is stopped, not waited for until the time limit");
  await call;
  assert.equal(mcp.err, "");
  assert.equal(app.requests.length, 1);
  const journal = await openJournal(dir);
  await journal.close();
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
