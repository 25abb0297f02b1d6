import type { UnfinishedPush } from "./unfinished.js";

/** Error text of an exclusive attempt. It is written to disk before the attempt starts. */
export const INTERRUPTED = "ProcessEnded: The process ended during this attempt, with no other push running.";

/** Error of a push whose exclusive attempts each ended the process. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";

  constructor() {
    super("The process ended during its attempts, with no other push running.");
  }
}

/** Error text of an attempt that `close()` aborted. */
export const ABORTED = "Aborted: The receiver closed during this attempt.";

/** The limit grows up to this many times `concurrency`, so that a backlog is soon handled in parallel again. */
const MAX_GROWTH = 8;

/**
 * The pushes that may have ended the last process. They run first, one at a time.
 *
 * They certainly include pushes whose exclusive attempt did not end, and pushes whose attempt `close()` aborted.
 *
 * The start of any other attempt is not recorded, because that would cost a write for each push. But the scheduler runs the oldest push of each
 * subject, oldest first, at most `concurrency` in parallel. So after a crash the running pushes are among the oldest that have not failed
 * yet, or among those that wait for a retry. Marks of pushes that had just finished may be missing on disk, so the limit is twice
 * `concurrency`, and grows with each further crash.
 * @param waiting waiting pushes in the order of arrival
 * @param crashes see `Journal.crashes`; 0 after a clean close
 */
export function suspectsOf(
  waiting: readonly UnfinishedPush[],
  crashes: number,
  concurrency: number,
): ReadonlySet<UnfinishedPush> {
  const subjects = new Set<string>();
  const firsts = waiting.filter(({ subject }) => {
    if (subject === undefined) return true;
    const isFirst = !subjects.has(subject);
    subjects.add(subject);
    return isFirst;
  });
  const isCertain = ({ error }: UnfinishedPush): boolean => error === INTERRUPTED || error === ABORTED;
  const certain = firsts.filter(isCertain);
  if (crashes === 0) return new Set(certain);
  const limit = concurrency * Math.min(2 ** crashes, MAX_GROWTH);
  const others = firsts.filter((push) => !isCertain(push));
  const fresh = others.filter(({ failures }) => failures === 0).slice(0, limit);
  const retried = others.filter(({ failures }) => failures > 0).slice(0, limit);
  return new Set([...certain, ...fresh, ...retried]);
}
