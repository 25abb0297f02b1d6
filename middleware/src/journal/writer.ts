import { type FileHandle, mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";
import { formatLine, VERSION } from "./lines.js";
import { Lock } from "./lock.js";
import { type Listeners, readLine, type Scan, scanSegment } from "./reader.js";
import type { Content, DeliveryHead, Entry, Head, MarkHead, Place, PushHead } from "./records.js";
import { SegmentFile } from "./segment-file.js";
import { listSegments, segmentPath } from "./segments.js";

const SEGMENT_BYTES = 64 * 1024 * 1024;
const BATCH_BYTES = 8 * 1024 * 1024;

/** Options of `openJournal`. */
export interface JournalOptions extends Listeners {
  /** A segment is closed, and the next begun, at this size. Bytes, 64 MB unless told. */
  segmentBytes?: number;
}

/** A segment as retention sees it. */
export interface SegmentState {
  segment: number;
  bytes: number;
  /** When its newest line was appended, ms since 1970; absent for an empty one. */
  lastAt?: number;
}

/** A record to append. */
export type NewHead = (Omit<PushHead, "seq"> & { seq?: number }) | DeliveryHead | MarkHead;

interface Waiting {
  head: Head;
  line: string;
  bytes: number;
  resolve: (entry: Entry) => void;
  reject: (error: JournalError) => void;
}

/**
 * Opens a journal to append to it. Makes the folder (mode 0700, kept out of git by a `.gitignore` of its own), takes the lock, cuts
 * off a line whose end never reached the disk, and tells `onEntry` every record that is there.
 * @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable`
 * @example
 * const journal = await openJournal("./airudder-inbox", { onEntry: ({ head }) => seen.push(head) });
 */
export async function openJournal(dir: string, options: JournalOptions = {}): Promise<Journal> {
  const lock = await prepare(dir);
  try {
    return await Journal.recover(dir, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function prepare(dir: string): Promise<Lock> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(join(dir, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 }).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
    return await Lock.take(dir);
  } catch (cause) {
    if (cause instanceof JournalError) throw cause;
    throw unwritable(dir, cause);
  }
}

function unwritable(dir: string, cause: unknown): JournalError {
  return new JournalError("journal_unwritable", `The journal ${dir} cannot be written: ${(cause as Error).message}`, {
    cause,
  });
}

/** The one writer of a journal. Appends that wait together go out in one write and one fdatasync. */
export class Journal {
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;
  #active: SegmentFile | undefined;
  #nextSegment = 1;
  #nextSeq = 1;
  readonly #older: SegmentState[] = [];
  #activeLastAt: number | undefined;
  readonly #readers = new Map<number, Promise<FileHandle>>();

  private constructor(
    readonly dir: string,
    private lock: Lock,
    private readonly segmentBytes: number,
  ) {}

  /** @internal */
  static async recover(dir: string, lock: Lock, options: JournalOptions): Promise<Journal> {
    const journal = new Journal(dir, lock, options.segmentBytes ?? SEGMENT_BYTES);
    const segments = await listSegments(dir);
    for (const segment of segments) await journal.#scan(segment, segment === segments.at(-1), options);
    return journal;
  }

  async #scan(segment: number, isLast: boolean, { onEntry, onDamage }: JournalOptions): Promise<void> {
    let lastAt: number | undefined;
    let scan: Scan;
    try {
      scan = await scanSegment(this.dir, segment, {
        onDamage,
        onEntry: (entry) => {
          if (entry.head.kind === "push") this.#nextSeq = Math.max(this.#nextSeq, entry.head.seq + 1);
          lastAt = Date.parse(entry.head.at);
          onEntry?.(entry);
        },
      });
    } catch (cause) {
      if (cause instanceof JournalError) throw cause;
      const message = `The journal segment ${segmentPath(this.dir, segment)} cannot be read: ${(cause as Error).message}`;
      throw new JournalError("journal_unreadable", message, { cause });
    }
    this.#nextSeq = Math.max(this.#nextSeq, scan.head?.seq ?? 1);
    this.#nextSegment = segment + 1;
    if (!isLast) {
      if (scan.tornBytes > 0) {
        onDamage?.({ segment, offset: scan.wholeBytes, length: scan.tornBytes, reason: "the line has no end" });
      }
      this.#older.push({ segment, bytes: scan.wholeBytes, ...(lastAt === undefined ? {} : { lastAt }) });
      return;
    }
    try {
      this.#active = await SegmentFile.continue(this.dir, segment, scan.wholeBytes);
    } catch (cause) {
      throw unwritable(this.dir, cause);
    }
    this.#activeLastAt = lastAt;
  }

  /**
   * Appends one record and resolves when it is on disk. A push is given its `seq`, unless it is carried over with the one it has.
   * @throws JournalError `journal_unwritable`, and nothing of the record is kept; the next append tries afresh
   */
  append(head: NewHead, content?: Content): Promise<Entry> {
    if (this.#closed) {
      return Promise.reject(new JournalError("journal_unwritable", `The journal ${this.dir} is closed.`));
    }
    const whole: Head = head.kind === "push" ? { ...head, seq: head.seq ?? this.#nextSeq++ } : head;
    const line = `${formatLine(whole, content)}\n`;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ head: whole, line, bytes: Buffer.byteLength(line), resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // What arrives in the same turn of the event loop shares the first write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (cause) {
        const error = cause instanceof JournalError ? cause : unwritable(this.dir, cause);
        for (const { reject } of batch) reject(error);
      }
    }
    this.#flushing = undefined;
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((waiting) => {
      bytes += waiting.bytes;
      return bytes > BATCH_BYTES;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(1, end));
  }

  async #write(batch: Waiting[]): Promise<void> {
    const lines = Buffer.from(batch.map(({ line }) => line).join(""));
    let file = await this.#segment(batch);
    let start = file.bytes;
    try {
      await file.append(lines);
      if (file.removed) {
        file = await this.#startAgain(batch);
        start = file.bytes;
        await file.append(lines);
      }
    } catch (error) {
      // After a failed sync nobody knows what the disk has; whole lines of the old segment stay readable.
      this.#retire();
      throw error;
    }
    this.#activeLastAt = Date.now();
    let offset = start;
    for (const { head, bytes, resolve } of batch) {
      resolve({ head, place: { segment: file.segment, offset, length: bytes - 1 } });
      offset += bytes;
    }
  }

  /** The segment that the next batch goes to. */
  async #segment(batch: Waiting[]): Promise<SegmentFile> {
    if (this.lock.lost) {
      throw new JournalError(
        "journal_locked",
        `Another process has taken over the journal ${this.dir}; this one has stopped writing.`,
      );
    }
    if (this.#active !== undefined && this.#active.bytes >= this.segmentBytes) this.#retire();
    if (this.#active !== undefined) return this.#active;
    const firstSeq = batch.find(({ head }) => head.kind === "push")?.head as PushHead | undefined;
    const firstLine = { kind: "segment", version: VERSION, seq: firstSeq?.seq ?? this.#nextSeq };
    try {
      this.#active = await SegmentFile.create(this.dir, this.#nextSegment, `${JSON.stringify(firstLine)}\n`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await this.#makeFolder();
      this.#active = await SegmentFile.create(this.dir, this.#nextSegment, `${JSON.stringify(firstLine)}\n`);
    }
    this.#nextSegment++;
    return this.#active;
  }

  /** The folder was removed: everything starts again in a new one. */
  async #startAgain(batch: Waiting[]): Promise<SegmentFile> {
    this.#active?.close();
    this.#active = undefined;
    this.#older.length = 0;
    await this.#makeFolder();
    return this.#segment(batch);
  }

  async #makeFolder(): Promise<void> {
    await this.lock.release();
    this.lock = await prepare(this.dir);
  }

  #retire(): void {
    if (this.#active === undefined) return;
    const { segment, bytes } = this.#active;
    this.#older.push({ segment, bytes, ...(this.#activeLastAt === undefined ? {} : { lastAt: this.#activeLastAt }) });
    this.#active.close();
    this.#active = undefined;
    this.#activeLastAt = undefined;
  }

  /**
   * Reads one record whole, with the exact bytes of its content.
   * @throws JournalError `journal_unreadable` when it is damaged, or its segment was dropped
   */
  async read(place: Place): Promise<{ head: Head; content?: Content }> {
    try {
      return await readLine(await this.#reader(place.segment), place);
    } catch (cause) {
      const where = `${segmentPath(this.dir, place.segment)} at byte ${place.offset}`;
      throw new JournalError(
        "journal_unreadable",
        `The record in ${where} cannot be read: ${(cause as Error).message.slice(0, 80)}`,
        { cause },
      );
    }
  }

  #reader(segment: number): Promise<FileHandle> {
    const known = this.#readers.get(segment);
    if (known !== undefined) return known;
    const opening = open(segmentPath(this.dir, segment), "r");
    this.#readers.set(segment, opening);
    opening.catch(() => this.#readers.delete(segment));
    return opening;
  }

  async #closeReader(segment: number): Promise<void> {
    const reader = this.#readers.get(segment);
    this.#readers.delete(segment);
    await reader?.then((file) => file.close()).catch(() => undefined);
  }

  /** The segments, oldest first; the one that is appended to comes last. */
  segments(): SegmentState[] {
    if (this.#active === undefined) return [...this.#older];
    const { segment, bytes } = this.#active;
    return [
      ...this.#older,
      { segment, bytes, ...(this.#activeLastAt === undefined ? {} : { lastAt: this.#activeLastAt }) },
    ];
  }

  /** Removes a closed segment with all its records; the one that is appended to cannot be dropped. */
  async drop(segment: number): Promise<void> {
    const index = this.#older.findIndex((state) => state.segment === segment);
    if (index < 0) throw new RangeError(`Segment ${segment} is not a closed segment of ${this.dir}.`);
    await this.#closeReader(segment);
    await rm(segmentPath(this.dir, segment), { force: true });
    this.#older.splice(index, 1);
  }

  /** Waits for what is being written, then releases the files and the lock. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    this.#active?.close();
    this.#active = undefined;
    await Promise.all([...this.#readers.keys()].map((segment) => this.#closeReader(segment)));
    await this.lock.release();
  }
}
