import assert from "node:assert/strict";
import { test } from "node:test";
import { send, startProxy, until } from "../../helpers/devproxy.js";
import { BodyMemory } from "./internals.js";

const MB = 2 ** 20;

test("the memory of large bodies is returned a second after the last one", { timeout: 60_000 }, async (t) => {
  const { proxy, app } = await startProxy(t);
  const body = Buffer.alloc(9 * MB, "x");
  await Promise.all(Array.from({ length: 16 }, () => send(proxy.localUrl, body)));
  app.requests.splice(0);
  await until(() => process.memoryUsage().arrayBuffers < 64 * MB);
});

test("small bodies cause no garbage collection, large ones cause two", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let collections = 0;
  const memory = new BodyMemory(() => collections++);
  for (let n = 0; n < 1_000; n++) memory.add(2_000);
  t.mock.timers.tick(10_000);
  assert.equal(collections, 0);
  for (let n = 0; n < 10; n++) memory.add(9 * MB);
  t.mock.timers.tick(1_000);
  t.mock.timers.tick(10_000);
  assert.equal(collections, 2);
});
