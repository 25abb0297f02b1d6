import { rm } from "node:fs/promises";
import { JournalError } from "./errors.js";
import { makeFolder, takenOver, unwritable } from "./folder.js";
import { type Batch, GroupCommit } from "./group-commit.js";
import { VERSION } from "./lines.js";
import type { Lock } from "./lock.js";
import { type Listeners, type Scan, scanSegment } from "./reader.js";
import { Readers } from "./readers.js";
import type { Content, Entry, Head, NewHead, Place, PushHead } from "./records.js";
import { SegmentFile } from "./segment-file.js";
import { listSegments, segmentPath } from "./segments.js";

const SEGMENT_BYTES = 64 * 1024 * 1024;

/** Options of `openJournal`. */
export interface JournalOptions extends Listeners {
  /** A segment is closed, and the next begun, at this size. Bytes, 64 MB unless told. */
  segmentBytes?: number;
  /** Called with `journal_locked` when another process has the journal: nothing more is written; close it and open it again later. */
  onLost?: ((error: JournalError) => void) | undefined;
}

/** A segment as retention sees it. */
export interface SegmentState {
  segment: number;
  bytes: number;
  /** When its newest line was appended, ms since 1970; absent for an empty one. */
  lastAt?: number;
}

/** The one writer of a journal. Appends that wait together go out in one write and one fdatasync. */
export class Journal {
  readonly #commit = new GroupCommit((batch) => this.#write(batch));
  #closed = false;
  #active: SegmentFile | undefined;
  #nextSegment = 1;
  #nextSeq = 1;
  readonly #older: SegmentState[] = [];
  #activeLastAt: number | undefined;
  #rolling: Promise<void> | undefined;
  readonly #readers: Readers;

  private constructor(
    readonly dir: string,
    private lock: Lock,
    private readonly segmentBytes: number,
    private readonly onLost: (error: JournalError) => void = noop,
  ) {
    this.#readers = new Readers(dir);
    lock.onLost = () => this.onLost(takenOver(dir));
  }

  /** @internal */
  static async recover(dir: string, lock: Lock, options: JournalOptions): Promise<Journal> {
    const journal = new Journal(dir, lock, options.segmentBytes ?? SEGMENT_BYTES, options.onLost);
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
   * @throws JournalError `journal_unwritable`, and nothing of the record is kept; the next append tries afresh. `journal_locked` when another
   *   process has taken the journal over, or the folder that was made again
   */
  append(head: NewHead, content?: Content): Promise<Entry> {
    if (this.#closed) {
      return Promise.reject(new JournalError("journal_unwritable", `The journal ${this.dir} is closed.`));
    }
    const whole: Head = head.kind === "push" ? { ...head, seq: head.seq ?? this.#nextSeq++ } : head;
    return this.#commit.add(whole, content);
  }

  async #write({ lines, records }: Batch): Promise<void> {
    await this.#rolling;
    let file: SegmentFile;
    let start: number;
    try {
      file = await this.#segment(records);
      start = file.bytes;
      await file.append(lines.bytes);
      if (file.removed || (this.lock.stale && !(await this.lock.check()))) {
        await this.#retake();
        file = await this.#segment(records);
        start = file.bytes;
        await file.append(lines.bytes);
      }
    } catch (error) {
      // After a failed sync nobody knows what the disk has; whole lines of the old segment stay readable.
      this.#retire();
      if (!(error instanceof JournalError)) throw unwritable(this.dir, error);
      if (error.code === "journal_locked") this.onLost(error);
      throw error;
    }
    this.#activeLastAt = Date.now();
    for (const { head, offset, length, resolve } of records) {
      resolve({ head, place: { segment: file.segment, offset: start + offset, length: length - 1 } });
    }
  }

  /** The segment that the next batch goes to. */
  async #segment(records: readonly { head: Head }[]): Promise<SegmentFile> {
    if (this.lock.stale) await this.lock.check();
    if (this.lock.lost || this.lock.gone) await this.#retake();
    if (this.#active !== undefined && this.#active.bytes >= this.segmentBytes) this.#retire();
    if (this.#active !== undefined) return this.#active;
    const firstSeq = records.find(({ head }) => head.kind === "push")?.head as PushHead | undefined;
    const firstLine = { kind: "segment", version: VERSION, seq: firstSeq?.seq ?? this.#nextSeq };
    for (;;) {
      try {
        this.#active = await SegmentFile.create(this.dir, this.#nextSegment, `${JSON.stringify(firstLine)}\n`);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOENT" && code !== "EEXIST") throw error;
        // A file that another process has made, or the folder is gone: the lock tells whose turn it is.
        if (code === "ENOENT" || !(await this.lock.check())) await this.#retake();
        else this.#nextSegment++;
      }
    }
    this.#nextSegment++;
    return this.#active;
  }

  /** The folder or the lock was removed: what comes goes to a new segment, behind those that are there. */
  async #retake(): Promise<void> {
    if (this.lock.lost) throw takenOver(this.dir);
    const isThere = this.#active?.removed === false;
    this.#retire();
    if (!isThere) this.#older.length = 0; // in another folder, segments of these numbers are another process's
    await this.lock.release();
    this.lock = await makeFolder(this.dir);
    this.lock.onLost = () => this.onLost(takenOver(this.dir));
    this.#nextSegment = Math.max(this.#nextSegment, ((await listSegments(this.dir)).at(-1) ?? 0) + 1);
  }

  #activeState({ segment, bytes }: SegmentFile): SegmentState {
    return { segment, bytes, ...(this.#activeLastAt === undefined ? {} : { lastAt: this.#activeLastAt }) };
  }

  #retire(): void {
    if (this.#active === undefined) return;
    this.#older.push(this.#activeState(this.#active));
    this.#active.close();
    this.#active = undefined;
    this.#activeLastAt = undefined;
  }

  /**
   * Reads one record whole, with the exact bytes of its content.
   * @throws JournalError `journal_unreadable` when it is damaged, or its segment was dropped
   */
  read(place: Place): Promise<{ head: Head; content?: Content }> {
    return this.#readers.read(place);
  }

  /** The segments, oldest first; the one that is appended to comes last. */
  segments(): SegmentState[] {
    if (this.#active === undefined) return [...this.#older];
    return [...this.#older, this.#activeState(this.#active)];
  }

  /** Closes the segment that is appended to, when it has records, and begins the next: the closed one can be dropped then. */
  async roll(): Promise<void> {
    await this.#commit.settled();
    if (this.#activeLastAt === undefined) return;
    this.#retire();
    // The new segment's first line keeps the numbering when all others are dropped. Where it fails, the next append tries again.
    this.#rolling = this.#segment([]).then(noop, noop);
    await this.#rolling;
  }

  /** Removes a closed segment with all its records; the one that is appended to cannot be dropped. */
  async drop(segment: number): Promise<void> {
    const index = this.#older.findIndex((state) => state.segment === segment);
    if (this.lock.lost) throw takenOver(this.dir);
    if (index < 0) throw new RangeError(`Segment ${segment} is not a closed segment of ${this.dir}.`);
    await this.#readers.close(segment);
    await rm(segmentPath(this.dir, segment), { force: true });
    this.#older.splice(index, 1);
  }

  /** Waits for what is being written, then releases the files and the lock. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#commit.settled();
    this.#active?.close();
    this.#active = undefined;
    await this.#readers.closeAll();
    await this.lock.release();
  }
}

function noop(): void {}
