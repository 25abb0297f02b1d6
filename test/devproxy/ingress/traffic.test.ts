import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { send, startProxy, until } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { Percentiles } from "./internals.js";

test("percentiles are at most 2 % too high, and never too low", () => {
  const ms = fc.double({ min: 0.02, max: 90_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 200 }), fc.constantFrom(0.5, 0.9, 0.99, 1), (values, share) => {
      const percentiles = new Percentiles();
      for (const value of values) percentiles.add(value);
      const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] as number;
      const found = percentiles.at(share) as number;
      assert.ok(found >= exact - 0.005 && found <= exact * 1.021 + 0.011, `${found} instead of ${exact}`);
    }),
  );
});

test("percentiles of nothing, of negative and of very long durations", () => {
  const percentiles = new Percentiles();
  assert.equal(percentiles.at(0.5), undefined);
  percentiles.add(-5);
  assert.equal(percentiles.at(0.5), 0.01);
  percentiles.add(1e12);
  assert.ok((percentiles.at(1) as number) > 90_000);
});

test("the time that the proxy added does not contain the time of the app; acknowledged pushes do not count", async (t) => {
  const app = await new RecorderApp(async (_, response) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    response.end("{}");
  }).start();
  const { proxy } = await startProxy(t, { app, timeouts: { responseMs: 600, holdMs: 200 } });
  assert.equal(proxy.summary().addedMs, null);
  for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
  await until(() => proxy.summary().delivered === 3);
  const { addedMs, journal: _, ...counts } = proxy.summary();
  const none = { failed: 0, quarantined: 0, undelivered: 0 };
  assert.deepEqual(counts, { event: "stopped", seen: 3, recorded: 3, delivered: 3, ...none, total: 3 });
  assert.ok(addedMs !== null && addedMs.p50 > 0.05 && addedMs.p99 < 200, JSON.stringify(addedMs));
  await app.stop();
  assert.equal((await send(proxy.localUrl, '{"n":4}')).status, 200);
  assert.deepEqual(proxy.summary().addedMs, addedMs, "the wait for the app is not added by the proxy");
  assert.deepEqual([proxy.summary().undelivered, proxy.waitingCount], [1, 1]);
});

test("the time that a push waits for the app is not added by the proxy", async (t) => {
  const app = await new RecorderApp().start();
  const { proxy } = await startProxy(t, { app, healthCheckIntervals: { up: 50, down: 50, waiting: 50 } });
  await app.stop();
  const held = send(proxy.localUrl, '{"n":1}');
  await until(() => proxy.waitingCount === 1);
  await new Promise((resolve) => setTimeout(resolve, 400));
  await app.start();
  assert.equal((await held).status, 200);
  await until(() => proxy.summary().delivered === 1);
  assert.equal(proxy.summary().addedMs, null);
});

test("a push that could not be recorded was seen, and is not recorded", async (t) => {
  const { proxy } = await startProxy(t);
  await send(proxy.localUrl, Buffer.alloc(20 * 1024 * 1024)).catch(() => undefined);
  const { seen, recorded } = proxy.summary();
  assert.deepEqual([seen, recorded], [1, 0]);
});

test("stopped counts quarantined pushes apart from failed ones", async (t) => {
  const app = await new RecorderApp(({ body }, response) => {
    const result = body.includes("1") ? "failed" : "quarantined";
    response.writeHead(result === "failed" ? 500 : 200, { "airudder-outcome": JSON.stringify({ result }) }).end("{}");
  }).start();
  const { proxy } = await startProxy(t, { app });
  for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
  await until(() => proxy.summary().delivered + proxy.summary().undelivered === 0);
  const { failed, quarantined } = proxy.summary();
  assert.deepEqual({ failed, quarantined }, { failed: 1, quarantined: 2 });
});
