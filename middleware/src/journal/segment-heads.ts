import { open } from "node:fs/promises";
import { closeHandle } from "./disk.js";
import { JournalError } from "./errors.js";
import { type JournalEnd, parseHead, type SegmentHead, VERSION } from "./lines.js";
import { segmentPath } from "./segments.js";

/** Maximum length of the first line of a segment. */
const MAX_HEAD_BYTES = 1024;
const LINE_FEED = 0x0a;

/**
 * Finds the segments that a takeover limited. Reads the first line of every segment.
 * @returns for each of these segments, the number of bytes that belong to the journal
 * @throws JournalError `journal_newer`, `journal_unreadable`
 */
export async function readSegmentEnds(dir: string, segments: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const ends = new Map<number, number>();
  for (const segment of segments) {
    const head = await readHead(dir, segment);
    if (head === undefined) continue;
    if (head.version > VERSION) throw newerError(dir, head.version);
    if (isJournalEnd(head.after)) limitSegments(ends, segments, head.after, segment);
  }
  return ends;
}

/** Excludes what the previous owner wrote after a takeover: everything from the journal's end at that moment to the segment `next`. */
function limitSegments(ends: Map<number, number>, segments: readonly number[], after: JournalEnd, next: number): void {
  for (const segment of segments) {
    if (segment < after.segment || segment >= next) continue;
    const bytes = segment === after.segment ? after.bytes : 0;
    ends.set(segment, Math.min(bytes, ends.get(segment) ?? bytes));
  }
}

function isJournalEnd(value: Partial<JournalEnd> | undefined): value is JournalEnd {
  return Number.isSafeInteger(value?.segment) && Number.isSafeInteger(value?.bytes) && (value as JournalEnd).bytes >= 0;
}

/** The first line of a segment; `undefined` if it is damaged, or if the file was removed meanwhile. */
async function readHead(dir: string, segment: number): Promise<SegmentHead | undefined> {
  const path = segmentPath(dir, segment);
  const bytes = Buffer.alloc(MAX_HEAD_BYTES);
  let length: number;
  try {
    const file = await open(path, "r");
    try {
      length = (await file.read(bytes, 0, MAX_HEAD_BYTES, 0)).bytesRead;
    } finally {
      await closeHandle(file);
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new JournalError(
      "journal_unreadable",
      `The journal segment ${path} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  const end = bytes.subarray(0, length).indexOf(LINE_FEED);
  if (end < 0) return undefined;
  try {
    const head = parseHead(bytes, 0, end);
    return head?.kind === "segment" ? head : undefined;
  } catch {
    return undefined;
  }
}

/** The error for a journal that a newer version of this package wrote. */
export function newerError(dir: string, version: number): JournalError {
  const message = `The journal ${dir} was written in format ${version}; this version reads up to ${VERSION}. Update the package.`;
  return new JournalError("journal_newer", message);
}
