import { type FileHandle, open } from "node:fs/promises";
import { closeHandle } from "./disk.js";
import { JournalError } from "./errors.js";
import { parseRecord } from "./lines.js";
import type { JournalRecord, RecordLocation } from "./records.js";
import type { JournalCallbacks } from "./scan-segment.js";
import { readSegmentEnds } from "./segment-heads.js";
import { summarize } from "./segment-summary.js";
import { findSegments, segmentPath } from "./segments.js";

/**
 * Reads all records of a journal, in the order in which they were appended. Takes no lock and changes nothing, so another process may be
 * writing to the journal. Skips a line that is being written.
 * @param dir the folder; if it does not exist, there are no records
 * @throws JournalError `journal_unreadable`, `journal_newer`
 * @example await readJournal("./airudder-inbox", { onRecord: ({ head }) => console.log(head.kind) });
 */
export async function readJournal(dir: string, callbacks: JournalCallbacks = {}): Promise<void> {
  const { numbers } = await findSegments(dir);
  const ends = await readSegmentEnds(dir, numbers);
  for (const segment of numbers) {
    try {
      await summarize(dir, segment, callbacks, ends.get(segment));
    } catch (cause) {
      if (cause instanceof JournalError) throw cause;
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") continue; // the writer dropped the segment since it was listed
      throw new JournalError("journal_unreadable", `The journal ${dir} cannot be read: ${message}`, { cause });
    }
  }
}

/** Reads a record from an open segment. */
export async function readFrom(file: FileHandle, location: RecordLocation): Promise<JournalRecord> {
  const bytes = Buffer.allocUnsafe(location.length);
  const { bytesRead } = await file.read(bytes, 0, location.length, location.offset);
  return parseRecord(bytes.toString("utf8", 0, bytesRead));
}

/**
 * Reads a complete record, with the exact bytes of its body. Takes no lock.
 * @param location from a `RecordEntry` of the same folder
 * @throws JournalError `journal_unreadable`, if the record is damaged (`cause` is a `SyntaxError`) or its segment was dropped (`cause.code`
 *   is `ENOENT`)
 * @example
 * const locations: RecordLocation[] = [];
 * await readJournal("./airudder-inbox", { onRecord: ({ location }) => locations.push(location) });
 * const { head, content } = await readRecord("./airudder-inbox", locations[0]);
 */
export async function readRecord(dir: string, location: RecordLocation): Promise<JournalRecord> {
  try {
    const file = await open(segmentPath(dir, location.segment), "r");
    try {
      return await readFrom(file, location);
    } finally {
      await closeHandle(file);
    }
  } catch (cause) {
    throw unreadableRecordError(dir, location, cause);
  }
}

/** Minimum size of one read of `readRecords`. */
const BLOCK_BYTES = 1024 * 1024;

/**
 * Reads many records, in the order of `locations`. It is faster than `readRecord` if the locations are sorted by segment and offset, because
 * one read of about 1 MB then returns several records. Takes no lock.
 * @returns the records of each read, which are parsed while you iterate over them. `undefined` stands for a record whose segment was dropped
 * @throws JournalError `journal_unreadable`, if a record is damaged
 * @example
 * for await (const records of readRecords(dir, locations)) for (const record of records) console.log(record?.head.kind);
 */
export async function* readRecords(
  dir: string,
  locations: Iterable<RecordLocation>,
): AsyncGenerator<Iterable<JournalRecord | undefined>> {
  let opened: { segment: number; file: FileHandle | undefined } | undefined;
  let block: Block | undefined;
  try {
    for (const location of locations) {
      if (block?.holds(location) !== true) {
        if (block !== undefined) yield block.records();
        if (opened?.segment !== location.segment) {
          if (opened?.file !== undefined) await closeHandle(opened.file);
          opened = undefined;
          opened = { segment: location.segment, file: await openUnlessDropped(dir, location) };
        }
        block = await Block.read(dir, opened.file, location);
      }
      block.locations.push(location);
    }
    if (block !== undefined) yield block.records();
  } finally {
    if (opened?.file !== undefined) await closeHandle(opened.file);
  }
}

/** Bytes of a segment, and the locations of the requested records in these bytes. */
class Block {
  readonly locations: RecordLocation[] = [];

  /** @param bytes absent if the segment was dropped */
  private constructor(
    private readonly dir: string,
    private readonly segment: number,
    private readonly start: number,
    private readonly bytes: Buffer | undefined,
  ) {}

  /** Reads the block that begins with a record. */
  static async read(
    dir: string,
    file: FileHandle | undefined,
    { segment, offset, length }: RecordLocation,
  ): Promise<Block> {
    if (file === undefined) return new Block(dir, segment, offset, undefined);
    const bytes = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, length));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    return new Block(dir, segment, offset, bytes.subarray(0, bytesRead));
  }

  holds({ segment, offset, length }: RecordLocation): boolean {
    if (segment !== this.segment) return false;
    return this.bytes === undefined || (offset >= this.start && offset + length <= this.start + this.bytes.length);
  }

  *records(): Generator<JournalRecord | undefined> {
    for (const location of this.locations) {
      const from = location.offset - this.start;
      yield this.bytes && parseAt(this.dir, location, this.bytes.subarray(from, from + location.length));
    }
  }
}

async function openUnlessDropped(dir: string, location: RecordLocation): Promise<FileHandle | undefined> {
  try {
    return await open(segmentPath(dir, location.segment), "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadableRecordError(dir, location, cause);
  }
}

function parseAt(dir: string, location: RecordLocation, bytes: Buffer): JournalRecord {
  try {
    return parseRecord(bytes.toString("utf8"));
  } catch (cause) {
    throw unreadableRecordError(dir, location, cause);
  }
}

/** The error for a record that cannot be read. If the record is damaged, `cause` is a `SyntaxError`. */
export function unreadableRecordError(dir: string, { segment, offset }: RecordLocation, cause: unknown): JournalError {
  const why = (cause as Error).message.slice(0, 80);
  const message = `The record in ${segmentPath(dir, segment)} at byte ${offset} cannot be read: ${why}`;
  return new JournalError("journal_unreadable", message, { cause });
}
