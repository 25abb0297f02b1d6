import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_TIMING, reopenDelayMs } from "./internals.js";

describe("the wait before reopening", () => {
  it("doubles with each failure, up to the maximum", () => {
    const longest = [0, 1, 2, 3, 4, 5, 1_000].map((failures) => reopenDelayMs(failures, 0, DEFAULT_TIMING, () => 1));
    assert.deepEqual(longest, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it("includes the duration of the failed opening", () => {
    const latest = (failures: number, elapsedMs: number) => reopenDelayMs(failures, elapsedMs, DEFAULT_TIMING, () => 1);
    assert.equal(latest(5, 0), 10_000);
    assert.equal(latest(5, 8_000), 2_000);
    assert.equal(latest(5, 3_600_000), 1_000);
  });

  it("has jitter over its upper half", () => {
    assert.equal(
      reopenDelayMs(1, 0, DEFAULT_TIMING, () => 0),
      1_000,
    );
    assert.equal(
      reopenDelayMs(1, 0, DEFAULT_TIMING, () => 0.5),
      1_500,
    );
  });

  it("is short enough to report a silent failure within 35 s, and to reopen the tunnel within 20 s after the server is back", () => {
    assert.ok(
      DEFAULT_TIMING.pingIntervalMs +
        DEFAULT_TIMING.pingTimeoutMs +
        DEFAULT_TIMING.pingRetryMs +
        DEFAULT_TIMING.pingTimeoutMs <=
        33_000,
    );
    assert.ok(DEFAULT_TIMING.maxBackoffMs <= 12_000);
  });
});
