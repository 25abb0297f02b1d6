import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reopenAfter, TIMING } from "./internals.js";

describe("the wait before reopening", () => {
  it("doubles with each failure, up to the cap", () => {
    const longest = [0, 1, 2, 3, 4, 5, 1_000].map((failures) => reopenAfter(failures, 0, TIMING, () => 1));
    assert.deepEqual(longest, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it("counts from the start of the opening that failed", () => {
    const latest = (failures: number, elapsedMs: number) => reopenAfter(failures, elapsedMs, TIMING, () => 1);
    assert.equal(latest(5, 0), 10_000);
    assert.equal(latest(5, 8_000), 2_000);
    assert.equal(latest(5, 3_600_000), 1_000);
  });

  it("is spread over its upper half", () => {
    assert.equal(
      reopenAfter(1, 0, TIMING, () => 0),
      1_000,
    );
    assert.equal(
      reopenAfter(1, 0, TIMING, () => 0.5),
      1_500,
    );
  });

  it("keeps the promises: a silent failure reported within 35 s, open again within 20 s of the server's return", () => {
    assert.ok(TIMING.pingEveryMs + TIMING.pingLimitMs + TIMING.confirmAfterMs + TIMING.pingLimitMs <= 33_000);
    assert.ok(TIMING.maxBackoffMs <= 12_000);
  });
});
