import type { UnfinishedPush } from "./unfinished.js";

/**
 * Error message of an attempt that runs alone: no other push runs during it. The owner writes the message to disk before the attempt starts.
 * If the process ends during the attempt, the message is the push's last recorded error.
 */
export const INTERRUPTED = "ProcessEnded: The process ended during this attempt, with no other push running.";

/** Error of a push that is dead because the process ended during attempts that ran alone. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";

  constructor() {
    super("The process ended during its attempts, with no other push running.");
  }
}

/** Error message of an attempt that `close()` aborted. */
export const ABORTED = "Aborted: The receiver closed during this attempt.";

/** Maximum number of suspects of each kind, as a multiple of `concurrency`. It limits the time during which pushes run one at a time. */
const MAX_GROWTH = 8;

/**
 * Finds the suspects: pushes that may have ended the previous process. They run first, one at a time. Of each subject, only the oldest push
 * can be a suspect. There are two groups:
 *
 * - each push whose last attempt ran alone and did not end, and each push whose last attempt `close()` aborted
 * - after a crash: the oldest pushes without a failed attempt, and the oldest pushes that wait for a retry
 *
 * The second group is an estimate, because the start of an attempt is not recorded: that would cost a write for each push. The estimate
 * uses two facts:
 *
 * - The scheduler starts the oldest push first, and runs at most `concurrency` pushes in parallel.
 * - Marks of pushes that had just finished may be missing on disk.
 *
 * So the second group contains at most twice `concurrency` pushes of each of its two kinds. This limit doubles with each
 * further crash, up to `MAX_GROWTH` times `concurrency`.
 * @param queued the queued pushes in the order of arrival
 * @param crashes see `Journal.crashes`; 0 after a clean close
 */
export function suspectsOf(
  queued: readonly UnfinishedPush[],
  crashes: number,
  concurrency: number,
): ReadonlySet<UnfinishedPush> {
  const subjects = new Set<string>();
  const oldest = queued.filter(({ subject }) => {
    if (subject === undefined) return true;
    const isFirst = !subjects.has(subject);
    subjects.add(subject);
    return isFirst;
  });
  const isCertain = ({ error }: UnfinishedPush): boolean => error === INTERRUPTED || error === ABORTED;
  const certain = oldest.filter(isCertain);
  if (crashes === 0) return new Set(certain);
  const limit = concurrency * Math.min(2 ** crashes, MAX_GROWTH);
  const others = oldest.filter((push) => !isCertain(push));
  const notFailed = others.filter(({ failures }) => failures === 0).slice(0, limit);
  const retried = others.filter(({ failures }) => failures > 0).slice(0, limit);
  return new Set([...certain, ...notFailed, ...retried]);
}
