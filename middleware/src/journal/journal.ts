import { JournalError } from "./errors.js";
import { isWritableByOthers, takenOverError } from "./folder.js";
import { type Batch, GroupCommit } from "./group-commit.js";
import type { Lock } from "./lock.js";
import type { JournalOptions } from "./options.js";
import type { Content, Head, JournalRecord, NewHead, PushHead, RecordEntry, RecordLocation } from "./records.js";
import { readAll } from "./recovery.js";
import { SegmentReader } from "./segment-reader.js";
import { type SegmentState, SegmentStates } from "./segment-states.js";
import { Writer } from "./writer.js";

/**
 * A journal that this process writes to; `openJournal` opens it. Records that are appended at the same time share one write and one
 * fdatasync.
 */
export class Journal {
  /**
   * Number of consecutive crashes of previous owners. An owner that ended without `close` crashed.
   *
   * - 0: the last owner closed the journal, or the folder is new.
   * - 1: the last owner was the first one to crash, or crashed more than a minute after opening.
   * - 2 or more: all of these crashes except the first happened within a minute after opening.
   */
  readonly crashes: number;
  /** Called after a failed append, before its promise is rejected. The caller can then drop segments to free space. */
  onAppendFailed: (() => void) | undefined;
  readonly #commit = new GroupCommit((batch) => this.#write(batch));
  readonly #reader: SegmentReader;
  #isClosed = false;
  #rolling: Promise<void> | undefined;

  private constructor(
    readonly dir: string,
    private readonly writer: Writer,
    private readonly states: SegmentStates,
    private nextSeq: number,
  ) {
    this.crashes = writer.lock.previousOwners.crashes;
    this.#reader = new SegmentReader(dir);
  }

  /** @internal */
  static async recover(dir: string, lock: Lock, options: JournalOptions): Promise<Journal> {
    const states = new SegmentStates(dir, options);
    const { last, nextSegment, nextSeq } = await readAll(dir, states, options);
    const writer = new Writer(dir, lock, states, options, nextSegment);
    await writer.start(last, nextSeq);
    if (states.hasUnknown) {
      const message = `The journal ${dir} contains records of a newer version. This version skips and keeps them.`;
      options.onWarning?.("unknown_records", message);
    }
    if (await isWritableByOthers(dir)) {
      const message = `Other users can write to the journal ${dir}, so they can forge pushes. Run: chmod go-w ${dir}`;
      options.onWarning?.("folder_open_to_others", message);
    }
    return new Journal(dir, writer, states, nextSeq);
  }

  /**
   * Appends one record. Resolves when it is on disk.
   * @param head a push without `seq` gets the next number
   * @param content headers and body of a push, or of the response to a delivery
   * @throws JournalError
   * - `journal_unwritable`: the write failed. The journal contains no part of the record; the next append can succeed.
   * - `journal_locked`: another process has taken over the journal.
   * @example const { location } = await journal.append({ kind: "mark", push: id, at: new Date().toISOString(), state: "handled" });
   */
  append(head: NewHead, content?: Content): Promise<RecordEntry> {
    if (this.#isClosed) {
      return Promise.reject(new JournalError("journal_unwritable", `The journal ${this.dir} is closed.`));
    }
    const numbered: Head = head.kind === "push" ? { ...head, seq: head.seq ?? this.nextSeq++ } : head;
    return this.#commit.add(numbered, content);
  }

  async #write({ lines, records }: Batch): Promise<void> {
    await this.#rolling;
    const first = records.find(({ head }) => head.kind === "push")?.head as PushHead | undefined;
    let start: { segment: number; offset: number };
    try {
      start = await this.writer.write(lines.bytes, first?.seq ?? this.nextSeq);
    } catch (error) {
      if (this.writer.appendFailed) this.onAppendFailed?.();
      throw error;
    }
    for (const { head, offset, length, resolve } of records) {
      resolve({ head, location: { segment: start.segment, offset: start.offset + offset, length: length - 1 } });
    }
  }

  /**
   * Reads a complete record, with the exact bytes of its body. Calls `onDamage` if the record is damaged and was not reported before.
   * @throws JournalError `journal_unreadable`, if the record is damaged (`cause` is a `SyntaxError`) or its segment was dropped
   */
  async read(location: RecordLocation): Promise<JournalRecord> {
    try {
      return await this.#reader.read(location);
    } catch (error) {
      const { cause } = error as JournalError;
      if (cause instanceof SyntaxError) this.reportDamage(location, cause.message);
      throw error;
    }
  }

  /**
   * Reports a damaged record that only the caller can detect, for example by a field of a wrong type. Calls `onDamage` once for each
   * record. When the segment is dropped, its file is kept.
   * @param reason what is wrong, without data of the record
   */
  reportDamage({ segment, offset, length }: RecordLocation, reason: string): void {
    this.states.reportDamage({ segment, offset, length, reason });
  }

  /** The segments, oldest first. The last one is the active one, which records are appended to. */
  segments(): SegmentState[] {
    const { active } = this.writer;
    const all = this.states.listClosed();
    if (active !== undefined) all.push(this.states.describe(active));
    return all;
  }

  /** The segments that can be dropped, oldest first: all but the newest. After a failed append, also the newest. */
  droppable(): SegmentState[] {
    return this.writer.appendFailed ? this.states.listClosed() : this.segments().slice(0, -1);
  }

  /** Closes the active segment if it contains records, and begins the next one. The closed segment can then be dropped. */
  async roll(): Promise<void> {
    await this.#commit.settled();
    if (this.writer.active?.lastAt === undefined) return;
    this.writer.closeActive();
    await this.#beginSegment();
  }

  /** Begins a segment. Its first line preserves the numbering if all older segments are dropped. After a failure, the next append retries. */
  async #beginSegment(): Promise<void> {
    this.#rolling = this.writer.begin(this.nextSeq).then(noop, noop);
    await this.#rolling;
  }

  /**
   * Drops a closed segment with all its records. If the segment contains damaged records or records of a newer version, its file is kept
   * as `000007.ndjson.kept`.
   * @throws RangeError if the segment is not closed
   * @throws JournalError `journal_locked`, `journal_unwritable`, if this process no longer holds the lock
   */
  async drop(segment: number): Promise<void> {
    if (!this.states.isClosed(segment)) {
      throw new RangeError(`Segment ${segment} is not a closed segment of ${this.dir}.`);
    }
    await this.#reader.closeFile(segment);
    const { lock } = this.writer;
    if (!(await lock.check())) {
      if (lock.lost) throw takenOverError(this.dir);
      throw new JournalError("journal_unwritable", `The lock of the journal ${this.dir} was removed.`);
    }
    await this.states.remove(segment);
    if (!this.writer.appendFailed) return;
    await this.#commit.settled();
    if (this.writer.active === undefined) await this.#beginSegment();
  }

  /** Waits for the running appends, then closes the files and releases the lock. Later appends are rejected with `journal_unwritable`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#commit.settled();
    await this.#rolling;
    this.writer.closeActive();
    await this.#reader.closeAll();
    await this.writer.lock.release();
  }
}

function noop(): void {}
