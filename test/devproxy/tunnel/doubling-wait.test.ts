import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { DoublingWait } from "./internals.js";

const UNIT = 50;
const HOUR = 3_600_000;

async function duration(wait: () => Promise<void>): Promise<number> {
  // Timers count from the start of a turn of the event loop. In a turn that has taken long, they would seem to end early.
  await setImmediate();
  const start = performance.now();
  await wait();
  return performance.now() - start;
}

describe("a doubling wait", () => {
  const never = new AbortController().signal;
  let held: NodeJS.Timeout;
  before(() => {
    held = setTimeout(() => {}, HOUR);
  });
  after(() => clearTimeout(held));

  it("doubles up to its maximum", async () => {
    const wait = new DoublingWait(UNIT, 3 * UNIT);
    for (const units of [1, 2, 3, 3]) {
      const ms = await duration(() => wait.wait(never));
      assert.ok(ms > units * UNIT - 10, `${ms} ms instead of ${units * UNIT}`);
    }
  });

  it("ends when it is restarted, and starts over with the first wait", async () => {
    const wait = new DoublingWait(UNIT, HOUR);
    for (let waits = 0; waits < 3; waits++) await wait.wait(never);
    const waiting = wait.wait(never);
    wait.restart();
    await waiting;
    assert.ok((await duration(() => wait.wait(never))) < 4 * UNIT);
  });

  it("ends with its signal", async () => {
    const stop = new AbortController();
    const waiting = new DoublingWait(HOUR, HOUR).wait(stop.signal);
    stop.abort();
    await waiting;
  });
});
