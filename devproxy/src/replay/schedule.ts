import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** Maximum delay of a timer: a timer with a longer delay fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Something to send, and when. */
export interface Scheduled<T> {
  item: T;
  /** Time after the start, ms. Default: as soon as a slot is free. */
  dueMs?: number | undefined;
  /** Items of one subject are sent one after another, in order. Default: the item waits for no other. */
  subject?: string | undefined;
}

/** How to send a schedule. */
export interface ScheduleOptions {
  /** Maximum number of items that are being sent, or wait for an earlier item of their subject. */
  concurrency: number;
  /** After an abort, nothing more is sent. */
  signal?: AbortSignal | undefined;
}

/**
 * Sends items when they are due. After an abort or a failure, nothing more is sent. Resolves when the last one is sent.
 * @throws the first error of `send`
 */
export async function sendScheduled<T>(
  schedule: Iterable<Scheduled<T>>,
  { concurrency, signal }: ScheduleOptions,
  send: (item: T) => Promise<void>,
): Promise<void> {
  // Every request in flight adds a listener. Without this, Node.js warns about a leak.
  if (signal) setMaxListeners(0, signal);
  const active = new Set<Promise<void>>();
  const lastOfSubject = new Map<string, Promise<void>>();
  const semaphore = new Semaphore(concurrency);
  let failure: unknown;
  const isStopped = () => signal?.aborted || failure !== undefined;
  const start = performance.now();
  for (const { item, dueMs = 0, subject } of schedule) {
    await sleepUntil(start + dueMs, signal);
    await semaphore.acquire();
    if (isStopped()) break;
    const previous = (subject === undefined ? undefined : lastOfSubject.get(subject)) ?? Promise.resolve();
    const run = previous
      .then(() => (isStopped() ? undefined : send(item)))
      .catch((error) => {
        failure ??= error;
      })
      .finally(() => {
        semaphore.release();
        active.delete(run);
        if (subject !== undefined && lastOfSubject.get(subject) === run) lastOfSubject.delete(subject);
      });
    active.add(run);
    if (subject !== undefined) lastOfSubject.set(subject, run);
  }
  await Promise.all(active);
  if (failure !== undefined) throw failure;
}

/** Resolves at a time of `performance.now()`, or after an abort. */
async function sleepUntil(time: number, signal: AbortSignal | undefined): Promise<void> {
  const leftMs = () => time - performance.now();
  while (leftMs() > 0 && !signal?.aborted) {
    await sleep(Math.min(leftMs(), MAX_TIMER_MS), undefined, { signal }).catch(() => undefined);
  }
}

/** Limits how many callers run at once: each waits in `acquire` for a slot and frees it with `release`. */
export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs a function in a slot. */
  async run<T>(run: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await run();
    } finally {
      this.release();
    }
  }

  async acquire(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
