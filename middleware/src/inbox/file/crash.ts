import type { Item } from "./ledger.js";

/** Error text of an attempt that runs alone. It is written to disk before the attempt starts. */
export const INTERRUPTED = "ProcessEnded: The process ended during this attempt, with no other push running.";

/** Error of a push whose attempts, running alone, each ended the process. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";

  constructor() {
    super("The process ended during its attempts, with no other push running.");
  }
}

/**
 * The pushes that may have been running when the last process died. They run first, one at a time.
 *
 * The start of an attempt is not recorded, because that would cost a write for each push. But the worker runs the oldest push of each
 * subject, oldest first, at most `concurrency` in parallel. So the running pushes were among the oldest that have not failed yet, or among
 * those that wait for a retry.
 *
 * Marks of pushes that had just finished may be missing on disk, so the first limit is twice `concurrency`. Each further crash doubles it,
 * until every push is covered.
 * @param live unfinished pushes in the order of arrival
 * @param crashes see `Journal.crashes`; 0 after a clean close
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
