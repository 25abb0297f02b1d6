import { type FileHandle, open } from "node:fs/promises";
import { closeHandle } from "./disk.js";
import { readLine, unreadable } from "./reader.js";
import type { JournalRecord, RecordLocation } from "./records.js";
import { segmentPath } from "./segments.js";

/** Maximum number of open segments. A backlog may be spread over hundreds of files. */
const MAX_OPEN = 16;

interface OpenSegment {
  readonly segment: number;
  readonly file: Promise<FileHandle>;
  users: number;
}

/** Keeps the most recently read segments open. Never closes a segment that is being read. */
export class Readers {
  /** In order of use, the most recent last. */
  readonly #open = new Map<number, OpenSegment>();
  /** Called when a read has finished. */
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly dir: string) {}

  /** @throws JournalError `journal_unreadable` when the record is damaged, or its segment was dropped */
  async read(location: RecordLocation): Promise<JournalRecord> {
    const opened = await this.#use(location.segment);
    try {
      return await readLine(await opened.file, location);
    } catch (cause) {
      throw unreadable(this.dir, location, cause);
    } finally {
      opened.users--;
      this.#wake();
    }
  }

  async #use(segment: number): Promise<OpenSegment> {
    for (;;) {
      const known = this.#open.get(segment);
      if (known !== undefined || this.#hasRoom()) {
        const opened = known ?? this.#openSegment(segment);
        opened.users++;
        this.#open.delete(segment);
        this.#open.set(segment, opened);
        return opened;
      }
      await this.#change();
    }
  }

  /** Closes a segment if necessary. Returns `false` while all of them are being read. */
  #hasRoom(): boolean {
    if (this.#open.size < MAX_OPEN) return true;
    for (const { segment, users, file } of this.#open.values()) {
      if (users > 0) continue;
      this.#open.delete(segment);
      file.then(closeHandle, () => undefined);
      return true;
    }
    return false;
  }

  #openSegment(segment: number): OpenSegment {
    const opened = { segment, file: open(segmentPath(this.dir, segment), "r"), users: 0 };
    opened.file.catch(() => {
      if (this.#open.get(segment) === opened) this.#open.delete(segment);
    });
    return opened;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Closes a segment after its running reads have finished. */
  async close(segment: number): Promise<void> {
    const opened = this.#open.get(segment);
    if (opened === undefined) return;
    this.#open.delete(segment);
    while (opened.users > 0) await this.#change();
    await opened.file.then(closeHandle, () => undefined);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((segment) => this.close(segment)));
  }
}
