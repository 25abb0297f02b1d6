import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "../journal/index.js";

/** A timer that is set to more goes off at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** When pushes go out, and how many at once. */
export interface ReplayRate {
  speed: number | "max";
  concurrency: number;
  signal?: AbortSignal | undefined;
}

/**
 * Sends rows at the pace that they came, scaled, or as fast as they are answered. Two pushes about the same subject never overlap, and
 * keep their order. After a failure nothing more is sent.
 * @throws what `send` threw first
 */
export async function sendAtRate(
  rows: readonly Row[],
  pace: ReplayRate,
  send: (row: Row) => Promise<void>,
): Promise<void> {
  const lanes = new Map<string, Promise<void>>();
  let failure: unknown;
  const slots = new Slots(pace.concurrency);
  const start = performance.now();
  const first = Date.parse(rows[0]?.push.at ?? "");
  for (const row of rows) {
    const due = pace.speed === "max" ? 0 : (Date.parse(row.push.at) - first) / pace.speed;
    const left = () => due - (performance.now() - start);
    while (left() > 0 && !pace.signal?.aborted) await pause(Math.min(left(), LONGEST_MS), pace.signal);
    await slots.take();
    if (pace.signal?.aborted || failure !== undefined) break;
    const subject = row.push.subject ?? row.push.id;
    const run = (lanes.get(subject) ?? Promise.resolve())
      .then(() => (pace.signal?.aborted || failure !== undefined ? undefined : send(row)))
      .catch((error) => {
        failure ??= error;
      })
      .finally(() => {
        slots.give();
        if (lanes.get(subject) === run) lanes.delete(subject);
      });
    lanes.set(subject, run);
  }
  await Promise.all(lanes.values());
  if (failure !== undefined) throw failure;
}

class Slots {
  readonly #waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async take(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.free++;
    else next();
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
