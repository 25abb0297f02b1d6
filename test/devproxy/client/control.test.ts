import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { ReplayEvent } from "airudder-devproxy";
import { connectControl } from "../../../devproxy/src/client/index.js";
import { ListenProcess, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

test("a running proxy is found and reports its state; a closed one is not found", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const found = await connectControl(dir);
  assert.equal(found?.state.local, proxy.localUrl);
  await proxy.close();
  assert.equal(existsSync(join(dir, "listen.json")), false);
  assert.equal(await connectControl(dir), undefined);
});

test("a listen.json that a closed proxy left behind is ignored", async (t) => {
  const { dir, proxy } = await startProxy(t);
  const left = readFileSync(join(dir, "listen.json"));
  await proxy.close();
  writeFileSync(join(dir, "listen.json"), left);
  assert.equal(await connectControl(dir), undefined);
  writeFileSync(join(dir, "listen.json"), "{");
  assert.equal(await connectControl(dir), undefined);
});

test("the running proxy runs the replay, and its errors are returned", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  const found = await connectControl(dir);
  const events: string[] = [];
  await found?.replay({ last: 1 }, ({ event }) => events.push(event));
  assert.deepEqual(events, ["replay", "verdict", "note", "summary"]);
  assert.equal(app.requests.length, 2);
  await assert.rejects(found?.replay({ ids: ["9"] }, () => undefined) ?? Promise.resolve(), {
    exit: 2,
    message: /no push 9/,
  });
});

test("a replay whose listen is stopped fails with a message", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  for (let n = 0; n < 5; n++) await send(proxy.localUrl, `{"n":${n}}`);
  const found = await connectControl(dir);
  app.reply = () => void proxy.close();
  await assert.rejects(found?.replay({ last: 5, expect: "2xx" }, () => undefined) ?? Promise.resolve(), {
    exit: 1,
    message: "The running listen ended before the replay did.",
  });
});

test("a replay whose listen is killed fails with the same message", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  await send(listening.localUrl, "{}");
  const found = await connectControl(dir);
  app.reply = () => void listening.kill();
  const message = "The running listen ended before the replay did.";
  await assert.rejects(found?.replay({ last: 1 }, () => undefined) ?? Promise.resolve(), { exit: 1, message });
  await assert.rejects(found?.replay({ last: 1 }, () => undefined) ?? Promise.resolve(), { exit: 1, message });
});

test("a replay that is stopped reports its progress", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
  const found = await connectControl(dir);
  const stop = new AbortController();
  app.requests.length = 0;
  app.reply = (_, response) => void (app.requests.length === 1 ? response.end("{}") : stop.abort());
  const events: ReplayEvent[] = [];
  await found?.replay({ last: 3 }, (event) => events.push(event), stop.signal);
  const summary = events.at(-1);
  assert.deepEqual(summary?.event === "summary" && [summary.total, summary.stopped, summary.interrupted], [1, 1, true]);
});

test("a replay whose client disconnects is stopped, and the proxy continues", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  for (let n = 0; n < 20; n++) await send(proxy.localUrl, `{"n":${n}}`);
  app.requests.length = 0;
  app.reply = async (_, response) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.end("{}");
  };
  const { port, token } = JSON.parse(readFileSync(join(dir, "listen.json"), "utf8"));
  const client = httpRequest({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: "/api/v1/replays/one",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
  client.on("error", () => undefined).end('{"last":20}');
  await app.received(3);
  client.destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(app.requests.length < 12, `${app.requests.length} were sent`);
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
});
