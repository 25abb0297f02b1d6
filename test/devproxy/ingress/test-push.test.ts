import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Devproxy } from "airudder-devproxy";
import { connectControl } from "../../../devproxy/src/client/index.js";
import { send, startProxy, type TestProxyOptions } from "../../helpers/devproxy.js";
import type { RecorderApp } from "../../helpers/recorder-app.js";
import { until } from "../../helpers/until.js";

const HEADER = "airudder-test-push";
const RECORDED = "airudder-recorded-push";

async function start(t: TestContext, options: Omit<TestProxyOptions, "onEvent"> & { app?: RecorderApp } = {}) {
  const started = await startProxy(t, options);
  const control = await connectControl(started.dir);
  assert.ok(control !== undefined);
  return { ...started, token: control.token };
}

const causesOf = ({ store }: Devproxy) =>
  store.index.rows.map(({ push, deliveries }) => [push.source, ...deliveries.map(({ head }) => head.cause)]);

for (const cause of ["trigger", "drill"] as const) {
  test(`a test push of ${cause} is recorded with this source, and delivered with this cause`, async (t) => {
    const { proxy, app, token, events } = await start(t);
    const reply = await send(proxy.localUrl, '{"a":1}', { headers: { [HEADER]: `${cause} ${token}` } });
    assert.equal(reply.status, 200);
    const [row] = proxy.store.index.rows;
    assert.deepEqual(JSON.parse(String(reply.headers[RECORDED])), { id: row?.push.id, seq: 1 });
    await until(() => (proxy.store.index.rows[0]?.deliveries.length ?? 0) > 0);
    assert.deepEqual(causesOf(proxy), [[cause, cause]]);
    assert.ok(events.some((event) => event.event === "delivery" && event.cause === cause));
    assert.deepEqual(
      Object.keys(app.requests[0]?.headers ?? {}).filter((name) => name.startsWith("airudder-")),
      ["airudder-devproxy"],
    );
  });
}

for (const passThrough of [false, true]) {
  test(`a header without the right token is removed: the push is an ordinary one (passThrough: ${passThrough})`, async (t) => {
    const { proxy, app, dir, token } = await start(t, { passThrough });
    const wrong = [
      "trigger wrong-token",
      `trigger ${token}x`,
      `trigger ${token.slice(1)}`,
      `replay ${token}`,
      token,
      `trigger  ${token}`,
      `trigger ${token}, trigger ${token}`,
    ];
    for (const value of wrong) {
      const { status, headers } = await send(proxy.localUrl, "{}", { headers: { [HEADER]: value } });
      assert.deepEqual([value, status, headers[RECORDED]], [value, 200, undefined]);
    }
    const other = new URL("/webhooks/other", proxy.localUrl).href;
    await send(other, "{}", { headers: { [HEADER]: `trigger ${token}` } });
    assert.equal(app.requests.length, wrong.length + (passThrough ? 1 : 0));
    for (const { headers } of app.requests) assert.equal(headers[HEADER], undefined);
    assert.deepEqual(
      causesOf(proxy).map(([source]) => source),
      wrong.map(() => "local"),
    );
    await proxy.close();
    const text = readFileSync(join(dir, "000001.ndjson"), "utf8");
    assert.equal(text.includes(HEADER), false);
    assert.equal(text.includes(token), false);
  });
}

test("the token is not recorded, and a later start accepts the same token", async (t) => {
  const first = await start(t);
  await send(first.proxy.localUrl, '{"n":1}', { headers: { [HEADER]: `trigger ${first.token}` } });
  await first.proxy.close();
  assert.equal(readFileSync(join(first.dir, "000001.ndjson"), "utf8").includes(first.token), false);
  await first.app.stop();
  const second = await start(t, { journal: first.dir, app: await first.app.start() });
  assert.deepEqual(causesOf(second.proxy), [["trigger", "trigger"]]);
  await send(second.proxy.localUrl, '{"n":2}', { headers: { [HEADER]: `trigger ${first.token}` } });
  await until(() => second.proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  assert.deepEqual(causesOf(second.proxy), [
    ["trigger", "trigger"],
    ["trigger", "trigger"],
  ]);
});

test("the response contains the receiver's result and the handler's error, with any character", async (t) => {
  const { proxy, app, token } = await start(t);
  const outcome = { result: "failed", error: "TypeError: \\u2603 is not \\u00e9" };
  app.reply = (_, response) =>
    void response.writeHead(500, { "airudder-outcome": JSON.stringify(outcome).replaceAll("\\\\u", "\\u") }).end("{}");
  const reply = await send(proxy.localUrl, "{}", { headers: { [HEADER]: `trigger ${token}` } });
  assert.equal(reply.status, 500);
  const { result, error } = JSON.parse(String(reply.headers[RECORDED]));
  assert.deepEqual([result, error], ["failed", "TypeError: \u2603 is not \u00e9"]);
});

test("if the app is down, the response says that the push is pending; the cause is queued when it is delivered", async (t) => {
  const { proxy, app, token } = await start(t, { whenDown: "ack" });
  await app.stop();
  const reply = await send(proxy.localUrl, '{"a":1}', { headers: { [HEADER]: `trigger ${token}` } });
  assert.equal(reply.status, 200);
  assert.equal(JSON.parse(String(reply.headers[RECORDED])).pending, true);
  await app.start();
  await until(() => app.requests.length > 0);
  await until(() => causesOf(proxy)[0]?.includes("queued") ?? false);
  assert.equal(app.requests[0]?.headers["airudder-replay"], undefined);
});
