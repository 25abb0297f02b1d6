import assert from "node:assert/strict";
import { test } from "node:test";
import { readingLines, vendorAttemptLine, vendorDeliveryLine, vendorReading } from "./internals.js";

test("the default interpretation is stated once, with the flags for the alternatives", () => {
  const types = ["call.completed", "dialer.task", "call.completed", "waba.message.status"];
  assert.deepEqual(readingLines(vendorReading(types, { timeScale: 60 })), [
    "Sends as Airudder does: a time limit of 10 s for the whole response, and a retry one minute after a failure. --time-scale 60: 167 ms and 1.0 s.",
    "6 attempts for call.completed: its documentation allows 5 retries. Alternative: --deliveries 5.",
    "5 attempts for dialer.task: its documentation allows 5 attempts. Alternative: --deliveries 6.",
    "6 attempts for waba.message.status, as for call.completed: its documentation does not mention retries. Alternative: --deliveries 5.",
    "Only the status 200 counts as received: which statuses do is not documented. Alternative: --accepts 2xx.",
    "Redirects are not followed: it is unknown whether Airudder follows them.",
  ]);
});

test("through listen, the time limit is not divided, and the lines say so", () => {
  const reading = vendorReading(["dialer.task"], { timeScale: 60, scalesTimeLimit: false });
  assert.deepEqual([reading.timeLimitMs, reading.retryDelayMs], [10_000, 1_000]);
  assert.match(
    String(readingLines(reading)[0]),
    / --time-scale 60: a retry after 1\.0 s\. The limit stays 10 s: listen /,
  );
});

test("the alternatives name the flags of the default interpretation", () => {
  const reading = vendorReading(["call.completed", "dialer.task"], { deliveries: 5, accepts: "2xx" });
  assert.deepEqual(readingLines(reading), [
    "Sends as Airudder does: a time limit of 10 s for the whole response, and a retry one minute after a failure.",
    "5 attempts for each push, as set with --deliveries. Alternative: --deliveries 6.",
    "Any status 2xx counts as received: which statuses do is not documented. Alternative: --accepts 200.",
    "Redirects are not followed: it is unknown whether Airudder follows them.",
  ]);
});

test("the reading is plain JSON", () => {
  const reading = vendorReading(["dialer.contact"], { timeScale: 600 });
  assert.deepEqual(JSON.parse(JSON.stringify(reading)), {
    deliveries: [{ type: "dialer.contact", deliveries: 5, source: "assumed", like: "dialer.task" }],
    accepts: "200",
    timeLimitMs: 10_000 / 600,
    retryDelayMs: 100,
    timeScale: 600,
    followsRedirects: false,
  });
});

test("attempts and the end of a delivery are one line each", () => {
  const failed = { attempt: 1, error: "reset\u001b[31m\n(127.0.0.1)", ms: 3.2, received: false };
  const received = { attempt: 2, status: 200, ms: 1_234, received: true };
  assert.equal(vendorAttemptLine(failed), "attempt 1: reset\\u001b[31m (127.0.0.1), 3.2 ms, failed");
  assert.equal(vendorAttemptLine(received), "attempt 2: 200, 1.2 s, received");
  assert.equal(vendorDeliveryLine({ state: "received", attempts: [failed, received] }), "received at attempt 2");
  assert.equal(
    vendorDeliveryLine({ state: "lost", attempts: Array(5).fill(failed) }),
    "given up: Airudder would have lost this push (5 attempts failed)",
  );
  assert.equal(vendorDeliveryLine({ state: "stopped", attempts: [failed] }), "stopped after 1 attempt");
});
