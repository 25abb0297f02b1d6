import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd } from "../../helpers/at-end.js";
import { sample } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { directDestination, TestPushSender, VENDOR_HEADERS, VendorSender } from "./internals.js";

const push = { type: "call.completed", headers: { ...VENDOR_HEADERS }, body: sample("call.completed/answered") };

async function start(t: TestContext, { timeScale = 50, maxConnections = 2 } = {}) {
  const app = await new RecorderApp().start();
  atEnd(t, () => app.stop());
  const sender = new TestPushSender(directDestination(new URL(app.url)), { maxConnections });
  atEnd(t, () => sender.close());
  return { app, vendor: new VendorSender(sender, { timeScale, deliveries: 5 }) };
}

test("a push that waits for a connection makes no attempt: each reported attempt is a request", async (t) => {
  const { app, vendor } = await start(t);
  app.reply = () => undefined;
  const results = await Promise.all(Array.from({ length: 6 }, () => vendor.send(push)));
  assert.deepEqual(
    results.map(({ vendor: { state, attempts } }) => [state, attempts.length]),
    Array(6).fill(["lost", 5]),
  );
  assert.equal(app.requests.length, 30);
});

test("a push that waits for a connection when the signal is aborted has no attempt", async (t) => {
  const { app, vendor } = await start(t, { timeScale: 1, maxConnections: 1 });
  const stop = new AbortController();
  app.reply = () => stop.abort();
  const [first, second] = await Promise.all([vendor.send(push, stop.signal), vendor.send(push, stop.signal)]);
  assert.deepEqual([first?.vendor.attempts.length, first?.error], [1, "stopped"]);
  assert.deepEqual([second?.vendor, second?.error], [{ state: "stopped", attempts: [] }, undefined]);
  assert.equal(app.requests.length, 1);
});

test("a push that cannot be sent is not retried, and has no attempt", async (t) => {
  const { app, vendor } = await start(t);
  const result = await vendor.send({ ...push, headers: { "x y": "1" } });
  assert.deepEqual(result.vendor, { state: "invalid", attempts: [] });
  assert.match(String(result.error), /the name of a header/);
  assert.equal(app.requests.length, 0);
});
