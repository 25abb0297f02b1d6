import { type FileHandle, open } from "node:fs/promises";
import { closeHandle } from "./disk.js";
import { parseHead, type SegmentHead, VERSION } from "./lines.js";
import type { Damage, Head, RecordEntry, SegmentSummary } from "./records.js";
import { newerError } from "./segment-heads.js";
import { segmentPath } from "./segments.js";

const CHUNK_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** Callbacks of `readJournal` and `openJournal`. The records are reported in the order in which they were appended. */
export interface JournalCallbacks {
  /** Called for each record that is not damaged. */
  onRecord?: ((entry: RecordEntry) => void) | undefined;
  /** Called once for each damaged record, at opening or when the record is read. Damaged records are skipped. Default: not reported. */
  onDamage?: ((damage: Damage) => void) | undefined;
  /** Called after a segment was read, with the summary that `loadSummary` can return the next time. */
  onSegment?: ((summary: SegmentSummary) => void) | undefined;
  /**
   * Called before a segment is read, for a caller that keeps an index of the records. If it returns a summary, the segment is not read and
   * its records are not reported. The caller must check that the segment has not changed since the summary was made. Default:
   * every segment is read.
   * @param end number of the segment's bytes that belong to the journal; `undefined`: all, because no takeover limited it
   */
  loadSummary?: ((segment: number, end: number | undefined) => Promise<SegmentSummary | undefined>) | undefined;
}

/** All callbacks of a scan. */
export interface ScanCallbacks extends JournalCallbacks {
  /** Called for a record of a kind that only a newer version knows. */
  onUnknown?: (() => void) | undefined;
}

/** Result of a scan of one segment. */
export interface ScanResult {
  /** Bytes of complete lines. */
  completeBytes: number;
  /** Bytes after them: an incomplete line. The rest of the line never reached the disk, or is still being written. */
  tornBytes: number;
  head: SegmentHead | undefined;
}

/**
 * Reads one segment from its start, in chunks. Memory use is one chunk plus the longest line.
 * @param end number of its bytes that belong to the journal; default: all
 */
export async function scanSegment(
  dir: string,
  segment: number,
  callbacks: ScanCallbacks,
  end = Number.POSITIVE_INFINITY,
): Promise<ScanResult> {
  const file = await open(segmentPath(dir, segment), "r");
  try {
    return await scanFile(file, dir, segment, callbacks, end);
  } finally {
    await closeHandle(file);
  }
}

async function scanFile(
  file: FileHandle,
  dir: string,
  segment: number,
  { onRecord, onDamage, onUnknown }: ScanCallbacks,
  fileEnd: number,
): Promise<ScanResult> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0;
  let base = 0;
  let segmentHead: SegmentHead | undefined;

  const handleLine = (start: number, end: number): void => {
    const location = { segment, offset: base + start, length: end - start };
    let head: Head | SegmentHead | undefined;
    try {
      head = parseHead(buffer, start, end);
    } catch (error) {
      onDamage?.({ ...location, reason: (error as Error).message.slice(0, 80) });
      return;
    }
    if (head === undefined) onUnknown?.();
    else if (head.kind !== "segment") onRecord?.({ head, location });
    else if (head.version <= VERSION) segmentHead = head;
    else throw newerError(dir, head.version);
  };

  for (;;) {
    if (filled === buffer.length) {
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger, 0, 0, filled);
      buffer = larger;
    }
    const wanted = Math.min(buffer.length - filled, fileEnd - base - filled);
    const { bytesRead } = await file.read(buffer, filled, wanted, base + filled);
    if (bytesRead === 0) return { completeBytes: base, tornBytes: filled, head: segmentHead };
    const searchFrom = filled;
    filled += bytesRead;
    let start = 0;
    const view = buffer.subarray(0, filled);
    for (let end = view.indexOf(LINE_FEED, searchFrom); end >= 0; end = view.indexOf(LINE_FEED, start)) {
      handleLine(start, end);
      start = end + 1;
    }
    buffer.copy(buffer, 0, start, filled);
    base += start;
    filled -= start;
  }
}
