import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "../journal/index.js";

/** Maximum delay of a timer: a timer with a longer delay fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** When to send pushes, and how many in parallel. */
export interface ReplayRate {
  speed: number | "max";
  concurrency: number;
  signal?: AbortSignal | undefined;
}

/**
 * Sends rows with their original timing divided by `speed`, or as fast as the app responds. Pushes of one subject stay sequential and in
 * order. After an abort or a failure, nothing more is sent.
 * @throws the first error of `send`
 */
export async function sendAtRate(
  rows: readonly Row[],
  { speed, concurrency, signal }: ReplayRate,
  send: (row: Row) => Promise<void>,
): Promise<void> {
  const lastOfSubject = new Map<string, Promise<void>>();
  const semaphore = new Semaphore(concurrency);
  let failure: unknown;
  const isStopped = () => signal?.aborted || failure !== undefined;
  const start = performance.now();
  const firstAt = Date.parse(rows[0]?.push.at ?? "");
  for (const row of rows) {
    const dueMs = speed === "max" ? 0 : (Date.parse(row.push.at) - firstAt) / speed;
    await sleepUntil(start + dueMs, signal);
    await semaphore.acquire();
    if (isStopped()) break;
    const subject = row.push.subject ?? row.push.id;
    const run = (lastOfSubject.get(subject) ?? Promise.resolve())
      .then(() => (isStopped() ? undefined : send(row)))
      .catch((error) => {
        failure ??= error;
      })
      .finally(() => {
        semaphore.release();
        if (lastOfSubject.get(subject) === run) lastOfSubject.delete(subject);
      });
    lastOfSubject.set(subject, run);
  }
  await Promise.all(lastOfSubject.values());
  if (failure !== undefined) throw failure;
}

/** Resolves at a time of `performance.now()`, or after an abort. */
export async function sleepUntil(time: number, signal: AbortSignal | undefined): Promise<void> {
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
