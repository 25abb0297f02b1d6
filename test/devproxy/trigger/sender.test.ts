import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../../helpers/at-end.js";
import { sample, until } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import {
  contentSource,
  directDestination,
  PushBuilder,
  type SenderOptions,
  type SendResult,
  TestPushSender,
  VENDOR_HEADERS,
} from "./internals.js";

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

test("a response with the status 101 is an error without a status", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(t, async () => void server.close());
  const { port } = server.address() as AddressInfo;
  const sender = new TestPushSender(directDestination(new URL(`http://127.0.0.1:${port}`)));
  atEnd(t, () => sender.close());
  const result = await Promise.race([sender.send(push), sleep(2_000, "no result" as const)]);
  assert.ok(result !== "no result");
  assert.equal(result.status, undefined);
  assert.match(String(result.error), /status 101/);
});

for (const [name, invalid, error] of [
  ["name of a header", { headers: { "x y": "1" } }, /the name of a header/],
  ["value of a header", { headers: { "x-y": "Budi\nSantoso" } }, /the value of a header/],
  ["query", { query: "?a=\n" }, /its query/],
] as const) {
  test(`an invalid ${name} is an error, and nothing is sent`, async (t) => {
    const { app, sender } = await start(t);
    const result = await sender.send({ ...push, ...invalid });
    assert.deepEqual([result.status, result.invalid, app.requests.length], [undefined, true, 0]);
    assert.match(String(result.error), error);
    assert.equal((await sender.send(push)).status, 200);
  });
}

const RECORDED: [header: string, isRecorded: boolean, expected: Pick<SendResult, "recorded" | "result">][] = [
  ['{"id":"p1","seq":1,"result":"handled"}', false, {}],
  [
    '{"id":"p1","seq":1,"result":"handled","pending":true,"more":1}',
    true,
    { recorded: { id: "p1", seq: 1, result: "handled", pending: true }, result: "handled" },
  ],
  ['{"id":"p1","seq":1,"result":"\\u001b[2J","error":{},"pending":1}', true, { recorded: { id: "p1", seq: 1 } }],
  ['{"id":7,"seq":1}', true, {}],
  ['{"id":"\\u001b[2J","seq":1}', true, {}],
  ['{"id":"p1","seq":"1"}', true, {}],
  ["null", true, {}],
  ["{", true, {}],
];
for (const [header, isRecorded, expected] of RECORDED) {
  test(`airudder-recorded-push ${header}, from ${isRecorded ? "listen" : "an app"}`, async (t) => {
    const app = await new RecorderApp().start();
    atEnd(t, () => app.stop());
    app.reply = (_, response) => void response.writeHead(200, { "airudder-recorded-push": header }).end("{}");
    const sender = new TestPushSender({ url: new URL(app.url), headers: {}, isRecorded });
    atEnd(t, () => sender.close());
    const { recorded, result } = await sender.send(push);
    assert.deepEqual({ ...(recorded && { recorded }), ...(result && { result }) }, expected);
  });
}

test("a recorded push keeps no header of its connection, its app or the proxy, in any letter case", () => {
  const headers = {
    Host: "old.example.com",
    "Transfer-Encoding": "chunked",
    "Airudder-Replay": "1",
    "Airudder-Test-Push": "trigger token",
    "Airudder-Token": "old-token",
    "Content-Type": "application/json",
  };
  const source = contentSource("#1", { headers, body }, { newIds: false });
  const [first] = [...new PushBuilder(source).pushes(1)];
  assert.deepEqual(first?.item.headers, { "content-type": "application/json" });
});
