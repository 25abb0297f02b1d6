import type { Item } from "./ledger.js";

/** Error of an attempt that ran alone and has not ended; on disk before the attempt starts. */
export const INTERRUPTED = "ProcessEnded: The process ended during this attempt, with no other push running.";

/** The process ended during each of the last attempts, which ran alone. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";

  constructor() {
    super("The process ended during its attempts, with no other push running.");
  }
}

/**
 * The pushes that may have been running when the last process died: they run alone first.
 *
 * Nothing is recorded when an attempt starts, since that would cost a write for each push. What is known: the worker runs the oldest push
 * of each subject, at most `concurrency` at once and the oldest first. So the running ones are among the oldest of those that have not
 * failed yet, or among those that wait for a retry. The marks of pushes that had just finished may not have reached the disk, hence twice
 * as many; after each further crash twice as many again, so that in the end every push is covered.
 * @param live unfinished pushes in the order in which they came
 * @param crashes how often in a row a process has died here shortly after it started; 0 after a clean close
 */
export function suspectsOf(live: readonly Item[], crashes: number, concurrency: number): ReadonlySet<Item> {
  if (crashes === 0) return new Set();
  const limit = concurrency * 2 ** Math.min(crashes, 30);
  const subjects = new Set<string>();
  const heads = live.filter(({ subject }) => {
    if (subject === undefined) return true;
    const isFirst = !subjects.has(subject);
    subjects.add(subject);
    return isFirst;
  });
  const interrupted = heads.filter(({ error }) => error === INTERRUPTED);
  const fresh = heads.filter(({ failures }) => failures === 0).slice(0, limit);
  const retried = heads.filter(({ failures, error }) => failures > 0 && error !== INTERRUPTED).slice(0, limit);
  return new Set([...interrupted, ...fresh, ...retried]);
}
