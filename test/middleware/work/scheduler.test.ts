import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs } from "../../../middleware/src/work/backoff.js";
import { type Job, Worker, type WorkerOptions } from "../../../middleware/src/work/scheduler.js";
import { until } from "../../helpers/until.js";

interface Named extends Job {
  name: string;
}

const job = (name: string, subject?: string): Named => ({ name, subject, failures: 0 });

function makeWorker(options: Partial<WorkerOptions<Named>>): { worker: Worker<Named>; done: string[] } {
  const done: string[] = [];
  const worker = new Worker<Named>({
    concurrency: 4,
    retries: 2,
    timeoutMs: 1_000,
    backoff: { firstMs: 1, maxMs: 2 },
    prepare: () => undefined,
    run: () => undefined,
    done: ({ name }) => done.push(name),
    retrying: () => undefined,
    dead: () => undefined,
    isFinal: () => false,
    ...options,
  });
  worker.start();
  return { worker, done };
}

test("however many jobs end at once, the stack does not grow", async () => {
  const { worker, done } = makeWorker({});
  for (let i = 0; i < 100_000; i++) worker.add(job(String(i)));
  await until(() => done.length === 100_000);
});

test("no more jobs run than may, and never two of one subject", async () => {
  let running = 0;
  let most = 0;
  const perSubject = new Map<string, number>();
  let overlapped = false;
  const { worker, done } = makeWorker({
    run: async ({ subject = "" }) => {
      most = Math.max(most, ++running);
      overlapped ||= (perSubject.get(subject) ?? 0) > 0;
      perSubject.set(subject, 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      perSubject.set(subject, 0);
      running--;
    },
  });
  for (let i = 0; i < 100; i++) worker.add(job(String(i), `s${i % 7}`));
  await until(() => done.length === 100);
  assert.deepEqual([most, overlapped], [4, false]);
});

test("making a job ready is not in the time of its try, and a job is run once a try", async () => {
  let runs = 0;
  const { worker, done } = makeWorker({
    timeoutMs: 5,
    prepare: () => new Promise((resolve) => setTimeout(resolve, 40)),
    run: () => {
      runs++;
    },
  });
  worker.add(job("slow to read"));
  await until(() => done.length === 1);
  assert.equal(runs, 1);
});

test("a job that cannot be made ready is tried again however often that takes, and none of it is a try of the job", async () => {
  let readings = 0;
  const numbers: number[] = [];
  const { worker, done } = makeWorker({
    retries: 0,
    prepare: async () => {
      if (++readings < 8) throw new Error("the disk is away");
    },
    run: (_, { number }) => void numbers.push(number),
    retrying: () => assert.fail("no try has failed"),
    dead: () => assert.fail("no try has failed"),
  });
  worker.add(job("a", "subject"));
  worker.add(job("b", "subject"));
  await until(() => done.length === 2);
  assert.deepEqual([done, numbers, readings], [["a", "b"], [1, 1], 9]);
});

test("a job that can never be made ready is dead at once, and the next of its subject is done", async () => {
  const dead: [string, number][] = [];
  const { worker, done } = makeWorker({
    prepare: async ({ name }) => {
      if (name === "damaged") throw new RangeError();
    },
    dead: ({ name, failures }) => dead.push([name, failures]),
    isFinal: (error) => error instanceof RangeError,
  });
  worker.add(job("damaged", "subject"));
  worker.add(job("whole", "subject"));
  await until(() => done.length === 1);
  assert.deepEqual(dead, [["damaged", 0]]);
});

test("a stop that is asked for twice waits for what runs, and no longer", async () => {
  let finish = (): void => undefined;
  const { worker, done } = makeWorker({
    run: () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  });
  worker.add(job("a"));
  await new Promise((resolve) => setImmediate(resolve));
  let stopped = 0;
  for (let i = 0; i < 2; i++) worker.stop(20_000).then(() => stopped++);
  finish();
  await until(() => stopped === 2);
  assert.deepEqual(done, ["a"]);
});

test("after a stop nothing starts, also of what was being made ready", async () => {
  let runs = 0;
  const { worker } = makeWorker({
    prepare: () => new Promise((resolve) => setTimeout(resolve, 20)),
    run: () => {
      runs++;
    },
  });
  worker.add(job("a"));
  await new Promise((resolve) => setImmediate(resolve));
  await worker.stop(1);
  worker.add(job("b"));
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(runs, 0);
});

test("waits are doubled, never longer than the most, and never shorter than half", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (firstMs, attempt, random) => {
        const whole = Math.min(60_000, firstMs * 2 ** (attempt - 1));
        const wait = backoffMs(attempt, { firstMs, maxMs: 60_000 }, () => random);
        assert.ok(wait >= Math.floor(whole / 2) && wait <= whole);
      },
    ),
  );
});
