import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Pause, pause } from "./internals.js";

const HOUR = 3_600_000;

describe("a pause", () => {
  it("ends after its time", async () => {
    const kept = setTimeout(() => {}, HOUR);
    await new Pause().wait(10);
    clearTimeout(kept);
  });

  it("ends when it is woken", async () => {
    const waiting = new Pause();
    setImmediate(() => waiting.wake());
    await waiting.wait(HOUR);
  });

  it("does not begin when it was woken before, once", async () => {
    const waiting = new Pause();
    waiting.wake();
    waiting.wake();
    await waiting.wait(HOUR);
    const woken = await Promise.race([
      waiting.wait(HOUR).then(() => true),
      new Promise((resolve) => setTimeout(resolve, 20, false)),
    ]);
    assert.equal(woken, false);
    waiting.wake();
  });

  it("ends with a signal, also an old one", async () => {
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await pause(HOUR, stop.signal);
    await pause(HOUR, stop.signal);
  });
});
