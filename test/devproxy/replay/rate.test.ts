import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "airudder-devproxy";
import { sendAtRate } from "../../../devproxy/src/replay/rate.js";

function rowAt(seq: number, at: string, subject = String(seq)): Row {
  return { push: { seq, id: String(seq), at, subject } } as Row;
}

test("a gap that is longer than a timer can wait is waited for", async () => {
  const stop = new AbortController();
  const sent: number[] = [];
  const rows = [rowAt(1, "2026-01-01T00:00:00Z"), rowAt(2, "2026-03-01T00:00:00Z")];
  const running = sendAtRate(rows, { speed: 1, concurrency: 4, signal: stop.signal }, async ({ push }) => {
    sent.push(push.seq);
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort();
  await running;
  assert.deepEqual(sent, [1]);
});

test("what queues up behind a push of its subject is not sent after a stop", async () => {
  const stop = new AbortController();
  const sent: number[] = [];
  const at = "2026-01-01T00:00:00Z";
  const rows = [rowAt(1, at, "s"), rowAt(2, at, "s"), rowAt(3, at, "s")];
  await sendAtRate(rows, { speed: "max", concurrency: 3, signal: stop.signal }, async ({ push }) => {
    sent.push(push.seq);
    await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
  });
  assert.deepEqual(sent, [1]);
});
