import assert from "node:assert/strict";
import { test } from "node:test";
import { type Job, Scheduler, type SchedulerOptions } from "airudder-webhooks/inbox";
import { until } from "../../helpers/until.js";

interface Named extends Job {
  name: string;
}

const job = (name: string, subject?: string): Named => ({ name, subject });
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeScheduler(options: Partial<SchedulerOptions<Named>> = {}): {
  scheduler: Scheduler<Named>;
  finished: string[];
} {
  const finished: string[] = [];
  const scheduler = new Scheduler<Named>({
    concurrency: 4,
    run: ({ name }) => {
      finished.push(name);
      return {};
    },
    ...options,
  });
  scheduler.start();
  return { scheduler, finished };
}

test("the stack does not grow, however many synchronous jobs run", async () => {
  const { scheduler, finished } = makeScheduler();
  for (let i = 0; i < 100_000; i++) scheduler.add(job(String(i)));
  await until(() => finished.length === 100_000);
});

test("at most `concurrency` jobs run in parallel, and never two of one subject", async () => {
  let running = 0;
  let max = 0;
  let finished = 0;
  const perSubject = new Map<string, number>();
  let overlapped = false;
  const { scheduler } = makeScheduler({
    run: async ({ subject = "" }) => {
      max = Math.max(max, ++running);
      overlapped ||= (perSubject.get(subject) ?? 0) > 0;
      perSubject.set(subject, 1);
      await later(1);
      perSubject.set(subject, 0);
      running--;
      finished++;
      return {};
    },
  });
  for (let i = 0; i < 100; i++) scheduler.add(job(String(i), `s${i % 7}`));
  await until(() => finished === 100);
  assert.deepEqual([max, overlapped], [4, false]);
});

test("a job can run again any number of times, always before the later jobs of its subject", async () => {
  let runs = 0;
  const finished: string[] = [];
  const { scheduler } = makeScheduler({
    run: async ({ name }) => {
      if (++runs < 8) return { delayMs: 1 };
      finished.push(name);
      return {};
    },
  });
  scheduler.add(job("a", "subject"));
  scheduler.add(job("b", "subject"));
  await until(() => finished.length === 2);
  assert.deepEqual([finished, runs], [["a", "b"], 9]);
});

test("an exclusive job runs before all others, and nothing starts until its result is recorded", async () => {
  const log: string[] = [];
  let record = (): void => undefined;
  const recorded = new Promise<void>((resolve) => {
    record = resolve;
  });
  const { scheduler } = makeScheduler({
    run: ({ name }, { isExclusive }) => {
      log.push(isExclusive ? `${name} exclusive` : name);
      return isExclusive ? { recorded } : {};
    },
  });
  scheduler.add(job("a"));
  scheduler.add(job("b"), { isExclusive: true });
  await later(20);
  assert.deepEqual(log, ["b exclusive"]);
  record();
  await until(() => log.length === 2);
  assert.deepEqual(log, ["b exclusive", "a"]);
});

test("a held job starts when its promise resolves, and others do not wait for it", async () => {
  let release = (): void => undefined;
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isHeld = true;
  const { scheduler, finished } = makeScheduler({
    concurrency: 1,
    hold: ({ name }) => (name === "held" && isHeld ? isReleased : undefined),
  });
  scheduler.add(job("held"));
  scheduler.add(job("other"));
  await until(() => finished.length === 1);
  isHeld = false;
  release();
  await until(() => finished.length === 2);
  assert.deepEqual(finished, ["other", "held"]);
});

test("two calls of stop() both wait for the running jobs, and no longer", async () => {
  let finish = (): void => undefined;
  const finished: string[] = [];
  const { scheduler } = makeScheduler({
    run: async ({ name }) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      finished.push(name);
      return {};
    },
  });
  scheduler.add(job("a"));
  await turn();
  let stopped = 0;
  for (let i = 0; i < 2; i++) scheduler.stop(20_000).then(() => stopped++);
  finish();
  await until(() => stopped === 2);
  assert.deepEqual(finished, ["a"]);
});

test("after stop() no job starts, and a run that takes longer than the limit is abandoned", async () => {
  let runs = 0;
  let isAbandoned: boolean | undefined;
  const { scheduler } = makeScheduler({
    run: async (_, run) => {
      runs++;
      await later(20);
      isAbandoned = run.isAbandoned;
      return {};
    },
  });
  scheduler.add(job("a", "subject"));
  scheduler.add(job("later", "subject"));
  await turn();
  await scheduler.stop(1);
  scheduler.add(job("b"));
  await later(40);
  assert.deepEqual([runs, isAbandoned], [1, true]);
});
