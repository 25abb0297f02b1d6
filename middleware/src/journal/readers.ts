import { type FileHandle, open } from "node:fs/promises";
import { JournalError } from "./errors.js";
import { readLine } from "./reader.js";
import type { Content, Head, Place } from "./records.js";
import { segmentPath } from "./segments.js";

/** Segments kept open for reading. */
export class Readers {
  readonly #files = new Map<number, Promise<FileHandle>>();

  constructor(private readonly dir: string) {}

  /** @throws JournalError `journal_unreadable` when the record is damaged, or its segment was dropped */
  async read(place: Place): Promise<{ head: Head; content?: Content }> {
    try {
      return await readLine(await this.#file(place.segment), place);
    } catch (cause) {
      const where = `${segmentPath(this.dir, place.segment)} at byte ${place.offset}`;
      const why = (cause as Error).message.slice(0, 80);
      throw new JournalError("journal_unreadable", `The record in ${where} cannot be read: ${why}`, { cause });
    }
  }

  #file(segment: number): Promise<FileHandle> {
    const known = this.#files.get(segment);
    if (known !== undefined) return known;
    const opening = open(segmentPath(this.dir, segment), "r");
    this.#files.set(segment, opening);
    opening.catch(() => this.#files.delete(segment));
    return opening;
  }

  async close(segment: number): Promise<void> {
    const file = this.#files.get(segment);
    this.#files.delete(segment);
    await file?.then((handle) => handle.close()).catch(() => undefined);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((segment) => this.close(segment)));
  }
}
