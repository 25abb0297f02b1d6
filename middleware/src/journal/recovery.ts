import type { ClosedSegments, SegmentState } from "./closed-segments.js";
import { JournalError } from "./errors.js";
import { readHeads } from "./heads.js";
import type { JournalCallbacks } from "./scan.js";
import { findSegments, segmentPath } from "./segments.js";
import { summarize } from "./summaries.js";

/** State of a journal when it is opened. */
export interface Recovered {
  /** The newest segment; the others are closed. */
  readonly last: Pick<SegmentState, "segment" | "bytes" | "lastAt"> | undefined;
  readonly nextSegment: number;
  readonly nextSeq: number;
}

/**
 * Reads a journal from its start. Adds closed segments and damage to `closed`.
 * @throws JournalError `journal_unreadable`, `journal_newer`
 */
export async function readAll(dir: string, closed: ClosedSegments, listeners: JournalCallbacks): Promise<Recovered> {
  const { numbers, next } = await findSegments(dir);
  const { ends } = await readHeads(dir, numbers);
  let nextSeq = 1;
  let last: Recovered["last"];
  for (const segment of numbers) {
    const scan = await summarize(
      dir,
      segment,
      { ...listeners, onDamage: (one) => closed.reportDamage(one) },
      ends.get(segment),
    ).catch((cause) => {
      throw cause instanceof JournalError ? cause : unreadable(dir, segment, cause);
    });
    if (scan.unknown) closed.noteUnknown(segment);
    nextSeq = Math.max(nextSeq, scan.nextSeq);
    const { bytes, lastAt } = scan;
    const state = { segment, bytes, ...(lastAt === undefined ? {} : { lastAt }) };
    if (segment === numbers.at(-1)) {
      last = state;
      continue;
    }
    if (scan.tornBytes > 0) {
      closed.reportDamage({
        segment,
        offset: bytes,
        length: scan.tornBytes,
        reason: "the line has no end",
      });
    }
    closed.add(state);
  }
  return { last, nextSegment: next, nextSeq };
}

function unreadable(dir: string, segment: number, cause: unknown): JournalError {
  const message = `The journal segment ${segmentPath(dir, segment)} cannot be read: ${(cause as Error).message}`;
  return new JournalError("journal_unreadable", message, { cause });
}
