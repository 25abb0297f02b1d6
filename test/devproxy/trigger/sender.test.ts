import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd } from "../../helpers/at-end.js";
import { sample, until } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { directDestination, type SenderOptions, type SendResult, TestPushSender, VENDOR_HEADERS } from "./internals.js";

const body = sample("call.completed/answered");
const push = { type: "call.completed", headers: { ...VENDOR_HEADERS }, body };

async function start(
  t: TestContext,
  { path = "", token, ...options }: SenderOptions & { path?: string; token?: string } = {},
) {
  const app = await new RecorderApp().start();
  atEnd(t, () => app.stop());
  const sender = new TestPushSender(directDestination(new URL(`${app.url}${path}`), token), options);
  atEnd(t, async () => sender.close());
  return { app, sender };
}

test("a push to a URL has exactly its bytes, the headers of Airudder and the token, and no internal header", async (t) => {
  const { app, sender } = await start(t, { path: "?a=1", token: "t0ken" });
  const { status } = await sender.send({ ...push, query: "?a=2&b=%20" });
  assert.equal(status, 200);
  const [request] = app.requests;
  assert.deepEqual(request?.body, body);
  assert.equal(request?.url, "/webhooks/airudder?a=1&b=%20");
  const { host: _, connection: __, ...headers } = request?.headers ?? {};
  assert.deepEqual(headers, {
    "content-type": "application/json",
    "user-agent": "Airudder",
    "content-length": String(body.length),
    "airudder-token": "t0ken",
  });
});

test("redirects are not followed", async (t) => {
  const { app, sender } = await start(t);
  app.reply = (_, response) => void response.writeHead(307, { location: app.url }).end();
  assert.equal((await sender.send(push)).status, 307);
  assert.equal(app.requests.length, 1);
});

const failures: [name: string, reply: RecorderApp["reply"], expected: Partial<SendResult>][] = [
  ["no response", () => undefined, { error: "no response within 0.2 s", timedOut: true }],
  ["an endless response", (_, response) => void response.writeHead(200).write("{"), { timedOut: true }],
  ["a reset", (_, response) => void response.socket?.resetAndDestroy(), {}],
  [
    "a truncated response",
    (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setTimeout(() => response.destroy(), 20);
    },
    {},
  ],
];
for (const [name, reply, expected] of failures) {
  test(`${name} is an error without a status`, async (t) => {
    const { app, sender } = await start(t, { timeoutMs: 200 });
    app.reply = reply;
    const result = await sender.send(push);
    assert.equal(result.status, undefined);
    assert.ok(result.error !== undefined && !result.error.includes("\n"));
    assert.deepEqual({ ...result, ...expected }, result);
  });
}

test("an abort ends a push that is in flight", async (t) => {
  const { app, sender } = await start(t);
  app.reply = () => undefined;
  const stop = new AbortController();
  const sent = sender.send(push, stop.signal);
  await until(() => app.requests.length === 1);
  stop.abort();
  const { status, error } = await sent;
  assert.deepEqual([status, error], [undefined, "stopped"]);
});
