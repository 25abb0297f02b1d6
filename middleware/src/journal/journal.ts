import { ClosedSegments, type SegmentState } from "./closed-segments.js";
import { JournalError } from "./errors.js";
import { isOpenToOthers, takenOver } from "./folder.js";
import { type Batch, GroupCommit } from "./group-commit.js";
import type { Lock } from "./lock.js";
import type { JournalOptions } from "./options.js";
import { Readers } from "./readers.js";
import type { Content, Head, JournalRecord, NewHead, PushHead, RecordEntry, RecordLocation } from "./records.js";
import { readAll } from "./recovery.js";
import { Writer } from "./writer.js";

/** The one writer of a journal. Appends that wait together go out in one write and one fdatasync. */
export class Journal {
  /**
   * Number of processes in a row that ended without `close` within a minute after they opened the journal. 1 if the last one ended without
   * `close` after more than a minute. 0 if it closed the journal, or if the folder is new.
   */
  readonly crashes: number;
  /** Called when an append failed: removing segments may free space. */
  onAppendFailed: (() => void) | undefined;
  readonly #commit = new GroupCommit((batch) => this.#write(batch));
  readonly #readers: Readers;
  #isClosed = false;
  #rolling: Promise<void> | undefined;

  private constructor(
    readonly dir: string,
    private readonly writer: Writer,
    private readonly closed: ClosedSegments,
    private nextSeq: number,
  ) {
    this.crashes = writer.lock.predecessor.crashes;
    this.#readers = new Readers(dir);
  }

  /** @internal */
  static async recover(dir: string, lock: Lock, options: JournalOptions): Promise<Journal> {
    const closed = new ClosedSegments(dir, options);
    const { last, nextSegment, nextSeq } = await readAll(dir, closed, options);
    const writer = new Writer(dir, lock, closed, options, nextSegment);
    await writer.start(last, nextSeq);
    if (closed.hasUnknown) {
      const message = `The journal ${dir} contains records of a later version. This version skips and keeps them.`;
      options.onWarning?.("unknown_records", message);
    }
    if (await isOpenToOthers(dir)) {
      const message = `Other users can write to the journal ${dir}, so they can forge pushes. Run: chmod go-w ${dir}`;
      options.onWarning?.("folder_open_to_others", message);
    }
    return new Journal(dir, writer, closed, nextSeq);
  }

  /**
   * Appends one record and resolves when it is on disk. A push is given its `seq`, unless it is carried over with the one it has.
   * @throws JournalError `journal_unwritable`, and nothing of the record is kept; the next append tries afresh. `journal_locked` when another
   *   process has taken the journal over, or the folder that was made again
   */
  append(head: NewHead, content?: Content): Promise<RecordEntry> {
    if (this.#isClosed) {
      return Promise.reject(new JournalError("journal_unwritable", `The journal ${this.dir} is closed.`));
    }
    const whole: Head = head.kind === "push" ? { ...head, seq: head.seq ?? this.nextSeq++ } : head;
    return this.#commit.add(whole, content);
  }

  async #write({ lines, records }: Batch): Promise<void> {
    await this.#rolling;
    const first = records.find(({ head }) => head.kind === "push")?.head as PushHead | undefined;
    let start: { segment: number; offset: number };
    try {
      start = await this.writer.write(lines.bytes, first?.seq ?? this.nextSeq);
    } catch (error) {
      if (this.writer.refused) this.onAppendFailed?.();
      throw error;
    }
    for (const { head, offset, length, resolve } of records) {
      resolve({ head, location: { segment: start.segment, offset: start.offset + offset, length: length - 1 } });
    }
  }

  /**
   * Reads a complete record, with the exact bytes of its content. Reports damage that was not found at opening.
   * @throws JournalError `journal_unreadable` when it is damaged, or its segment was dropped
   */
  async read(location: RecordLocation): Promise<JournalRecord> {
    try {
      return await this.#readers.read(location);
    } catch (error) {
      const { cause } = error as JournalError;
      if (cause instanceof SyntaxError) this.reportDamage(location, cause.message);
      throw error;
    }
  }

  /** Reports a damaged record once. When its segment is dropped, the file is kept. */
  reportDamage({ segment, offset, length }: RecordLocation, reason: string): void {
    this.closed.reportDamage({ segment, offset, length, reason });
  }

  /** The segments, oldest first; the one that is appended to comes last. */
  segments(): SegmentState[] {
    const { active } = this.writer;
    const all = this.closed.list();
    if (active !== undefined) all.push(this.closed.describe(active));
    return all;
  }

  /** The segments that can be dropped, oldest first: all but the newest. After a failed append, also the newest. */
  droppable(): SegmentState[] {
    return this.writer.refused ? this.closed.list() : this.segments().slice(0, -1);
  }

  /** Closes the segment that is appended to, when it has records, and begins the next: the closed one can be dropped then. */
  async roll(): Promise<void> {
    await this.#commit.settled();
    if (this.writer.active?.lastAt === undefined) return;
    this.writer.retire();
    await this.#begin();
  }

  /** Begins a segment. Its first line keeps the numbering if all others are dropped. If it fails, the next append retries. */
  async #begin(): Promise<void> {
    this.#rolling = this.writer.begin(this.nextSeq).then(noop, noop);
    await this.#rolling;
  }

  /**
   * Drops a closed segment with all its records. The active segment cannot be dropped. If the segment contains damaged records or records
   * of a later version, its file is kept as `000007.ndjson.kept`.
   */
  async drop(segment: number): Promise<void> {
    if (!this.closed.has(segment)) {
      throw new RangeError(`Segment ${segment} is not a closed segment of ${this.dir}.`);
    }
    await this.#readers.close(segment);
    const { lock } = this.writer;
    if (!(await lock.check())) {
      if (lock.lost) throw takenOver(this.dir);
      throw new JournalError("journal_unwritable", `The lock of the journal ${this.dir} was removed.`);
    }
    await this.closed.remove(segment);
    if (!this.writer.refused) return;
    await this.#commit.settled();
    if (this.writer.active === undefined) await this.#begin();
  }

  /** Waits for what is being written, then releases the files and the lock. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#commit.settled();
    await this.#rolling;
    this.writer.retire();
    await this.#readers.closeAll();
    await this.writer.lock.release();
  }
}

function noop(): void {}
