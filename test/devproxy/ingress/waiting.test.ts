import assert from "node:assert/strict";
import { test } from "node:test";
import { AppHealth } from "../../../devproxy/src/delivery/app-health.js";
import type { Row } from "../../../devproxy/src/journal/row.js";
import { DeliveryQueue } from "../../../devproxy/src/queue/delivery-queue.js";
import { PendingDelivery } from "../../../devproxy/src/queue/pending-delivery.js";
import { pushHead } from "../../helpers/push-head.js";

test("taking up what waits looks at each push a few times, however many there are", () => {
  let looks = 0;
  const rowOf = (seq: number): Row => ({
    get push() {
      looks++;
      return { ...pushHead(`push-${seq}`), seq };
    },
    location: { segment: 1, offset: seq, length: 1 },
    deliveries: [],
  });
  const waiting = new DeliveryQueue({
    health: new AppHealth(new URL("http://localhost:9"), () => undefined),
    slowAfterMs: 1_000,
    send: () => assert.fail("nothing goes out before the start"),
    onGiveUp: () => undefined,
  });
  const count = 2_000;
  for (let seq = 1; seq <= count; seq++) waiting.submit(new PendingDelivery(rowOf(seq), undefined, true));
  assert.equal(waiting.size, count);
  assert.ok(looks < 20 * count, `${looks} looks at ${count} pushes`);
  waiting.close();
});

test("finding the next push that may be sent takes constant time, however many wait behind a busy subject", async () => {
  let looks = 0;
  const rowOf = (seq: number, subject: string): Row => ({
    get push() {
      looks++;
      return { ...pushHead(`push-${seq}`), seq, subject };
    },
    location: { segment: 1, offset: seq, length: 1 },
    deliveries: [],
  });
  const sent: string[] = [];
  const waiting = new DeliveryQueue({
    health: new AppHealth(new URL("http://localhost:9"), () => undefined),
    slowAfterMs: 60_000,
    send: ({ subject }) => {
      sent.push(subject);
      if (subject === "busy") return new Promise(() => undefined);
      const answer = { status: 200, headers: {}, body: Buffer.alloc(0) };
      return Promise.resolve({ at: "", target: "", ms: 1, answer, reached: true });
    },
    onGiveUp: () => undefined,
  });
  const count = 2_000;
  for (let seq = 1; seq <= count; seq++) {
    waiting.submit(new PendingDelivery(rowOf(seq, "busy"), undefined, true));
    waiting.submit(new PendingDelivery(rowOf(count + seq, `subject-${seq}`), undefined, true));
  }
  waiting.start();
  while (sent.length <= count) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(waiting.size, count - 1);
  assert.ok(looks < 40 * count, `${looks} looks at ${2 * count} pushes`);
  waiting.close();
});
