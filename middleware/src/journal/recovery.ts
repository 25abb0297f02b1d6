import type { ClosedSegments, SegmentState } from "./closed-segments.js";
import { JournalError } from "./errors.js";
import { readHeads } from "./heads.js";
import type { Listeners } from "./reader.js";
import { scanSegment } from "./reader.js";
import { listSegments, segmentPath } from "./segments.js";

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
export async function readAll(dir: string, closed: ClosedSegments, onEntry: Listeners["onEntry"]): Promise<Recovered> {
  const { numbers, next } = await listSegments(dir);
  const { ends } = await readHeads(dir, numbers);
  let nextSeq = 1;
  let last: Recovered["last"];
  for (const segment of numbers) {
    let lastAt: number | undefined;
    const scan = await scanSegment(
      dir,
      segment,
      {
        onDamage: (damage) => closed.noteDamage(damage),
        onUnknown: () => closed.noteUnknown(segment),
        onEntry: (entry) => {
          if (entry.head.kind === "push") nextSeq = Math.max(nextSeq, entry.head.seq + 1);
          lastAt = Date.parse(entry.head.at);
          onEntry?.(entry);
        },
      },
      ends.get(segment),
    ).catch((cause) => {
      throw cause instanceof JournalError ? cause : unreadable(dir, segment, cause);
    });
    nextSeq = Math.max(nextSeq, scan.head?.seq ?? 1);
    const state = { segment, bytes: scan.wholeBytes, ...(lastAt === undefined ? {} : { lastAt }) };
    if (segment === numbers.at(-1)) {
      last = state;
      continue;
    }
    if (scan.tornBytes > 0) {
      closed.noteDamage({
        segment,
        offset: scan.wholeBytes,
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
