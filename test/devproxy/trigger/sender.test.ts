import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd } from "../../helpers/at-end.js";
import { sample, until } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import {
  type DuePush,
  directDestination,
  type SenderOptions,
  type SendResult,
  sendPushes,
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

const due = (count: number, dueMs?: (i: number) => number): DuePush[] =>
  Array.from({ length: count }, (_, i) => ({
    push: { ...push, type: String(i) },
    ...(dueMs === undefined ? {} : { dueMs: dueMs(i) }),
  }));

test("pushes without a time are sent one after another, in order", async () => {
  let running = 0;
  const seen: string[] = [];
  await sendPushes(
    due(5),
    async ({ type }) => {
      assert.equal(++running, 1);
      await new Promise((resolve) => setTimeout(resolve, 3));
      running--;
      return type;
    },
    (_, type) => void seen.push(type),
  );
  assert.deepEqual(seen, ["0", "1", "2", "3", "4"]);
});

test("pushes with a time are sent in parallel when they are due, at most maxParallel", async () => {
  const at: number[] = [];
  let running = 0;
  let max = 0;
  const start = performance.now();
  await sendPushes(
    due(10, (i) => i * 20),
    async () => {
      at.push(performance.now() - start);
      max = Math.max(max, ++running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      running--;
    },
    () => undefined,
    { maxParallel: 3 },
  );
  assert.equal(max, 3);
  for (const [i, ms] of at.entries()) assert.ok(ms >= i * 20 - 2, `push ${i} was sent after ${ms} ms`);
});

test("an abort stops the pushes that are not sent yet; an error of send is thrown", async () => {
  const stop = new AbortController();
  let count = 0;
  await sendPushes(
    due(100, (i) => i * 10),
    async () => void (++count === 3 && stop.abort()),
    () => undefined,
    { signal: stop.signal },
  );
  assert.equal(count, 3);
  await assert.rejects(
    sendPushes(
      due(3),
      () => Promise.reject(new Error("broken")),
      () => undefined,
    ),
    /broken/,
  );
});

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
