import { freeBytes, isDiskFull } from "./disk.js";
import { JournalError } from "./errors.js";
import { folderIdOf, lockFolder, takenOverError, unwritableError } from "./folder.js";
import { type JournalEnd, type SegmentHead, VERSION } from "./lines.js";
import type { Lock } from "./lock.js";
import { type JournalOptions, SEGMENT_BYTES } from "./options.js";
import { SegmentFile } from "./segment-file.js";
import type { SegmentInfo, SegmentStates } from "./segment-states.js";
import { findSegments } from "./segments.js";

/** Maximum size of a segment as a fraction of the free space, so that old segments can be dropped before the volume is full. */
const MAX_FRACTION_OF_FREE = 1 / 4;
/** Lower bound of the size limit, even if less space is free. Bytes. */
const MIN_SEGMENT_BYTES = 64 * 1024;

/**
 * Writes lines to the newest segment, the active one, and begins new segments. Never appends to a segment that another process may write
 * to.
 */
export class Writer {
  #active: SegmentFile | undefined;
  /** When the newest line of the active segment was appended, ms since 1970; `undefined` if it contains none. */
  #lastAt: number | undefined;
  /** Size at which the active segment is closed, bytes. */
  #limit = 0;
  /** The end of the journal at the takeover, until it is written to the head of a segment. */
  #takeoverEnd: JournalEnd | undefined;
  #appendFailed = false;
  /** Identity of the folder when it was opened. */
  readonly #folderId: string | undefined;
  readonly #isOwner = (): boolean => this.lock.isCertainlyHeld;

  constructor(
    readonly dir: string,
    public lock: Lock,
    private readonly states: SegmentStates,
    private readonly options: JournalOptions,
    private nextSegment: number,
  ) {
    this.#folderId = folderIdOf(dir);
    this.#registerOnLost();
  }

  #registerOnLost(): void {
    this.lock.onLost = () => this.options.onLost?.(takenOverError(this.dir));
  }

  /** Whether the last append failed. The newest segment is then closed. */
  get appendFailed(): boolean {
    return this.#appendFailed;
  }

  /** The active segment. */
  get active(): SegmentInfo | undefined {
    if (this.#active === undefined) return undefined;
    const { segment, bytes } = this.#active;
    return { segment, bytes, ...(this.#lastAt === undefined ? {} : { lastAt: this.#lastAt }) };
  }

  /**
   * Prepares to append to a journal that was just read. Continues its newest segment. Begins another one instead if a previous
   * owner may still run.
   * @param last the newest segment; `undefined` if there is none
   * @param seq `seq` of the next push
   */
  async start(last: SegmentInfo | undefined, seq: number): Promise<void> {
    try {
      if (last === undefined) await this.lock.deleteLeftovers();
      else if (this.lock.previousOwners.mayStillRun) await this.#startAfterTakeover(last, seq);
      else await this.#continue(last);
    } catch (cause) {
      throw cause instanceof JournalError ? cause : unwritableError(this.dir, cause);
    }
  }

  async #continue(last: SegmentInfo): Promise<void> {
    try {
      this.#active = await SegmentFile.continue(this.dir, last.segment, last.bytes);
      this.#lastAt = last.lastAt;
      this.#limit = await this.#limitFor(last.bytes);
    } catch (error) {
      if (!isLinkError(error)) throw error;
      this.states.addClosed(last);
    }
    await this.lock.deleteLeftovers();
  }

  /** Leaves the newest segment unchanged, because its writer may still append to it, and begins another. */
  async #startAfterTakeover(last: SegmentInfo, seq: number): Promise<void> {
    this.#takeoverEnd = { segment: last.segment, bytes: last.bytes };
    this.states.addClosed(last);
    await SegmentFile.sync(this.dir, last.segment).catch((error) => {
      if (!isLinkError(error)) throw error;
    });
    await this.begin(seq).catch((error) => {
      if (!isDiskFull(error)) throw error;
      this.#appendFailed = true; // dropping the oldest segments can free space
    });
  }

  /**
   * Appends lines and syncs them.
   * @param seq `seq` of the first push in `lines`; if there is none, of the next push
   * @returns where the first line begins
   * @throws JournalError `journal_unwritable`, `journal_locked`
   */
  async write(lines: Buffer, seq: number): Promise<{ segment: number; offset: number }> {
    try {
      this.#checkFolder();
      let file = await this.#openActive(seq);
      let offset = file.bytes;
      await file.append(lines, this.#isOwner);
      if (!(await this.#isInJournal(file))) {
        await this.#takeLockAgain();
        file = await this.#openActive(seq);
        offset = file.bytes;
        await file.append(lines, this.#isOwner);
      }
      this.#checkFolder();
      this.#lastAt = Date.now();
      return { segment: file.segment, offset };
    } catch (error) {
      // After a failed sync it is unknown what is on disk, so close the segment. Its complete lines stay readable.
      this.closeActive();
      const isLost = error instanceof JournalError && error.code === "journal_locked";
      if (isLost) this.options.onLost?.(error);
      else this.#appendFailed = true;
      throw error instanceof JournalError ? error : unwritableError(this.dir, error);
    }
  }

  /** With `sameFolder`, checks that the folder at the path is the one that was opened. */
  #checkFolder(): void {
    if (this.options.sameFolder !== true || folderIdOf(this.dir) === this.#folderId) return;
    throw new JournalError("journal_unwritable", `The journal ${this.dir} was removed or moved.`);
  }

  /**
   * Whether the appended lines are part of the journal. If not, the lock must be taken again.
   * @throws JournalError `journal_locked`, if another process writes to the segment too
   */
  async #isInJournal(file: SegmentFile): Promise<boolean> {
    const state = file.state();
    if (state === "shared") {
      // Another process writes too, so the offset of the lines is unknown.
      this.lock.markLost();
      throw takenOverError(this.dir);
    }
    return state === "own" && (!this.lock.stale || this.lock.check());
  }

  /** The active segment; begins one if necessary. */
  async #openActive(seq: number): Promise<SegmentFile> {
    if (this.lock.stale) await this.lock.check();
    if (this.lock.lost || this.lock.gone) await this.#takeLockAgain();
    if (this.#active !== undefined && this.#active.bytes >= this.#limit) this.closeActive();
    return this.#active ?? this.begin(seq);
  }

  /** Begins the next segment. */
  async begin(seq: number): Promise<SegmentFile> {
    const head: SegmentHead = { kind: "segment", version: VERSION, seq };
    if (this.#takeoverEnd !== undefined) head.after = this.#takeoverEnd;
    const limit = await this.#limitFor(0);
    for (;;) {
      try {
        this.#active = await SegmentFile.create(this.dir, this.nextSegment, `${JSON.stringify(head)}\n`, this.#isOwner);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOENT" && code !== "EEXIST") throw error;
        // Another process created the file, or the folder is gone. The lock shows which process may write.
        if (code === "ENOENT" || !(await this.lock.check())) await this.#takeLockAgain();
        else this.nextSegment++;
      }
    }
    this.nextSegment++;
    this.#limit = limit;
    this.#takeoverEnd = undefined;
    this.#appendFailed = false;
    await this.lock.deleteLeftovers();
    return this.#active;
  }

  /** The size at which a segment is closed. `bytes` is its current size. */
  async #limitFor(bytes: number): Promise<number> {
    const { segmentBytes = SEGMENT_BYTES } = this.options;
    const free = await freeBytes(this.dir);
    if (free === undefined) return segmentBytes;
    return Math.min(segmentBytes, Math.max(MIN_SEGMENT_BYTES, (bytes + free) * MAX_FRACTION_OF_FREE));
  }

  /** Takes the lock again after it or the folder was removed. Later lines go to a new segment, after all that exist. */
  async #takeLockAgain(): Promise<void> {
    if (this.lock.lost) throw takenOverError(this.dir);
    this.#checkFolder();
    const segmentExists = this.#active?.isRemoved === false;
    this.closeActive();
    if (!segmentExists && !this.options.sameFolder) this.states.clear(); // in a new folder, these segment numbers belong to other files
    await this.lock.release();
    const { times, socket } = this.lock;
    this.lock = await lockFolder(this.dir, times, async () => socket);
    this.#registerOnLost();
    this.nextSegment = Math.max(this.nextSegment, (await findSegments(this.dir)).next);
  }

  /** Closes the active segment. */
  closeActive(): void {
    const { active } = this;
    if (active === undefined) return;
    this.states.addClosed(active);
    this.#active?.close();
    this.#active = undefined;
    this.#lastAt = undefined;
  }
}

/** Whether an error means that a segment is a symbolic link. Links are read, but never written to: they may point anywhere. */
function isLinkError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ELOOP";
}
