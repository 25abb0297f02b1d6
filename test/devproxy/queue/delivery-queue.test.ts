import assert from "node:assert/strict";
import { test } from "node:test";
import { AppHealth } from "../../../devproxy/src/delivery/index.js";
import type { Row } from "../../../devproxy/src/journal/index.js";
import { pushHead } from "../../helpers/push-head.js";
import { DeliveryQueue, PendingDelivery } from "./internals.js";

test("the time to resume waiting pushes grows in proportion to their number", () => {
  let reads = 0;
  const rowOf = (seq: number): Row => ({
    get push() {
      reads++;
      return { ...pushHead(`push-${seq}`), seq };
    },
    location: { segment: 1, offset: seq, length: 1 },
    deliveries: [],
  });
  const queue = new DeliveryQueue({
    health: new AppHealth(new URL("http://localhost:9"), () => undefined),
    slowAfterMs: 1_000,
    send: () => assert.fail("nothing is sent before the start"),
    onGiveUp: () => undefined,
  });
  const count = 2_000;
  for (let seq = 1; seq <= count; seq++) queue.submit(new PendingDelivery(rowOf(seq), undefined, true));
  assert.equal(queue.size, count);
  assert.ok(reads < 20 * count, `${reads} reads of ${count} pushes`);
  queue.close();
});

test("finding the next push that may be sent takes constant time, however many wait behind a busy subject", async () => {
  let reads = 0;
  const rowOf = (seq: number, subject: string): Row => ({
    get push() {
      reads++;
      return { ...pushHead(`push-${seq}`), seq, subject };
    },
    location: { segment: 1, offset: seq, length: 1 },
    deliveries: [],
  });
  const sent: string[] = [];
  const queue = new DeliveryQueue({
    health: new AppHealth(new URL("http://localhost:9"), () => undefined),
    slowAfterMs: 60_000,
    send: ({ subject }) => {
      sent.push(subject);
      if (subject === "busy") return new Promise(() => undefined);
      const response = { status: 200, headers: {}, body: Buffer.alloc(0) };
      return Promise.resolve({ at: "", target: "", ms: 1, response, reached: true });
    },
    onGiveUp: () => undefined,
  });
  const count = 2_000;
  for (let seq = 1; seq <= count; seq++) {
    queue.submit(new PendingDelivery(rowOf(seq, "busy"), undefined, true));
    queue.submit(new PendingDelivery(rowOf(count + seq, `subject-${seq}`), undefined, true));
  }
  queue.start();
  while (sent.length <= count) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(queue.size, count - 1);
  assert.ok(reads < 40 * count, `${reads} reads of ${2 * count} pushes`);
  queue.close();
});
