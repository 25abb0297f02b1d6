import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Scheduled, sendScheduled } from "../../../devproxy/src/replay/index.js";

const schedule = (count: number, more: (i: number) => Partial<Scheduled<number>> = () => ({})): Scheduled<number>[] =>
  Array.from({ length: count }, (_, i) => ({ item: i, ...more(i) }));

/** Counts how many calls run at once. */
class Running {
  max = 0;
  #count = 0;

  async run(ms: number): Promise<void> {
    this.max = Math.max(this.max, ++this.#count);
    await sleep(ms);
    this.#count--;
  }
}

test("with a concurrency of 1, items are sent one after another, in order", async () => {
  const running = new Running();
  const seen: number[] = [];
  await sendScheduled(schedule(5), { concurrency: 1 }, async (item) => {
    await running.run(3);
    seen.push(item);
  });
  assert.deepEqual([seen, running.max], [[0, 1, 2, 3, 4], 1]);
});

test("items with a time are sent in parallel when they are due, at most `concurrency`", async () => {
  const at: number[] = [];
  const running = new Running();
  const start = performance.now();
  await sendScheduled(
    schedule(10, (i) => ({ dueMs: i * 20 })),
    { concurrency: 3 },
    async () => {
      at.push(performance.now() - start);
      await running.run(100);
    },
  );
  assert.equal(running.max, 3);
  for (const [i, ms] of at.entries()) assert.ok(ms >= i * 20 - 2, `item ${i} was sent after ${ms} ms`);
});

test("items of one subject are sent in order, while those of other subjects overtake them", async () => {
  const seen: number[] = [];
  const items = schedule(4, (i) => ({ subject: i % 2 === 0 ? "slow" : "fast" }));
  await sendScheduled(items, { concurrency: 4 }, async (item) => {
    await sleep(item === 0 ? 50 : 1);
    seen.push(item);
  });
  assert.deepEqual(seen, [1, 3, 0, 2]);
});

test("after an abort, nothing more is sent", async () => {
  const stop = new AbortController();
  let count = 0;
  const items = schedule(100, (i) => ({ dueMs: i * 10 }));
  await sendScheduled(
    items,
    { concurrency: 64, signal: stop.signal },
    async () => void (++count === 3 && stop.abort()),
  );
  assert.equal(count, 3);
});

test("the first error is thrown, and nothing more is sent", async () => {
  let count = 0;
  const send = async () => {
    if (++count === 2) throw new Error("broken");
  };
  await assert.rejects(sendScheduled(schedule(10), { concurrency: 1 }, send), /broken/);
  assert.equal(count, 2);
});
