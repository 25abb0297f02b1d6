import { JournalError } from "./errors.js";
import type { JournalCallbacks } from "./scan-segment.js";
import { readSegmentEnds } from "./segment-heads.js";
import type { SegmentInfo, SegmentStates } from "./segment-states.js";
import { summarize } from "./segment-summary.js";
import { findSegments, segmentPath } from "./segments.js";

/** Result of reading a journal to write to it. */
export interface RecoveredJournal {
  /** The newest segment; the others are closed. */
  readonly last: SegmentInfo | undefined;
  /** Number of the next segment. */
  readonly nextSegment: number;
  /** `seq` of the next push. */
  readonly nextSeq: number;
}

/**
 * Reads a journal from its start. Adds closed segments and damage to `states`.
 * @throws JournalError `journal_unreadable`, `journal_newer`
 */
export async function readAll(
  dir: string,
  states: SegmentStates,
  callbacks: JournalCallbacks,
): Promise<RecoveredJournal> {
  const { numbers, next } = await findSegments(dir);
  const ends = await readSegmentEnds(dir, numbers);
  let nextSeq = 1;
  let last: RecoveredJournal["last"];
  for (const segment of numbers) {
    const scan = await summarize(
      dir,
      segment,
      { ...callbacks, onDamage: (one) => states.reportDamage(one) },
      ends.get(segment),
    ).catch((cause) => {
      throw cause instanceof JournalError ? cause : unreadableSegmentError(dir, segment, cause);
    });
    if (scan.unknown) states.addUnknown(segment);
    nextSeq = Math.max(nextSeq, scan.nextSeq);
    const { bytes, lastAt } = scan;
    const state = { segment, bytes, ...(lastAt === undefined ? {} : { lastAt }) };
    if (segment === numbers.at(-1)) {
      last = state;
      continue;
    }
    if (scan.tornBytes > 0) {
      states.reportDamage({
        segment,
        offset: bytes,
        length: scan.tornBytes,
        reason: "the line is incomplete",
      });
    }
    states.addClosed(state);
  }
  return { last, nextSegment: next, nextSeq };
}

function unreadableSegmentError(dir: string, segment: number, cause: unknown): JournalError {
  const message = `The journal segment ${segmentPath(dir, segment)} cannot be read: ${(cause as Error).message}`;
  return new JournalError("journal_unreadable", message, { cause });
}
