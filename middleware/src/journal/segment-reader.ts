import { type FileHandle, open } from "node:fs/promises";
import { closeHandle } from "./disk.js";
import { readFrom, unreadableRecordError } from "./read.js";
import type { JournalRecord, RecordLocation } from "./records.js";
import { segmentPath } from "./segments.js";

/** Maximum number of open files. A backlog may be spread over hundreds of segments. */
const MAX_OPEN_FILES = 16;

interface OpenFile {
  readonly segment: number;
  readonly file: Promise<FileHandle>;
  /** Number of running reads. */
  readers: number;
}

/** Reads records. Keeps the files of the most recently read segments open. Never closes a file that is being read. */
export class SegmentReader {
  /** Least recently used first. */
  readonly #open = new Map<number, OpenFile>();
  /** Called once, when the next read ends. */
  readonly #onReadEnd: (() => void)[] = [];

  constructor(private readonly dir: string) {}

  /** @throws JournalError `journal_unreadable`, if the record is damaged or its segment was dropped */
  async read(location: RecordLocation): Promise<JournalRecord> {
    const opened = await this.#acquire(location.segment);
    try {
      return await readFrom(await opened.file, location);
    } catch (cause) {
      throw unreadableRecordError(this.dir, location, cause);
    } finally {
      opened.readers--;
      for (const resolve of this.#onReadEnd.splice(0)) resolve();
    }
  }

  async #acquire(segment: number): Promise<OpenFile> {
    for (;;) {
      const known = this.#open.get(segment);
      if (known !== undefined || this.#closeOneIfFull()) {
        const opened = known ?? this.#openSegment(segment);
        opened.readers++;
        this.#open.delete(segment);
        this.#open.set(segment, opened);
        return opened;
      }
      await this.#nextReadEnd();
    }
  }

  /** Makes sure that one more file may be opened, if necessary by closing one. Returns `false` if all are being read. */
  #closeOneIfFull(): boolean {
    if (this.#open.size < MAX_OPEN_FILES) return true;
    for (const { segment, readers, file } of this.#open.values()) {
      if (readers > 0) continue;
      this.#open.delete(segment);
      file.then(closeHandle, () => undefined);
      return true;
    }
    return false;
  }

  #openSegment(segment: number): OpenFile {
    const opened = { segment, file: open(segmentPath(this.dir, segment), "r"), readers: 0 };
    opened.file.catch(() => {
      if (this.#open.get(segment) === opened) this.#open.delete(segment);
    });
    return opened;
  }

  #nextReadEnd(): Promise<void> {
    return new Promise((resolve) => this.#onReadEnd.push(resolve));
  }

  /** Closes the file of a segment after its running reads have finished. */
  async closeFile(segment: number): Promise<void> {
    const opened = this.#open.get(segment);
    if (opened === undefined) return;
    this.#open.delete(segment);
    while (opened.readers > 0) await this.#nextReadEnd();
    await opened.file.then(closeHandle, () => undefined);
  }

  /** Closes all files after their running reads have finished. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((segment) => this.closeFile(segment)));
  }
}
