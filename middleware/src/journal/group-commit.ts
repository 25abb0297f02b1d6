import { LineBuffer } from "./line-buffer.js";
import { addLine } from "./lines.js";
import type { Content, Head, RecordEntry } from "./records.js";

const BATCH_BYTES = 8 * 1024 * 1024;

/** A record that waits for the disk. */
export interface Waiting {
  readonly head: Head;
  /** Where its line stands in the batch, and its bytes with the line feed. */
  readonly offset: number;
  readonly length: number;
  readonly resolve: (entry: RecordEntry) => void;
  readonly reject: (error: unknown) => void;
}

/** What goes to disk together. */
export interface Batch {
  readonly lines: LineBuffer;
  readonly records: Waiting[];
}

/** Lets records that wait together share one write and one sync. */
export class GroupCommit {
  readonly #waiting: Batch[] = [];
  #spare: LineBuffer | undefined;
  #flushing: Promise<void> | undefined;

  /** @param write settles the records of a batch; what it throws rejects all of them */
  constructor(private readonly write: (batch: Batch) => Promise<void>) {}

  /** Resolves when the record is on disk. */
  add(head: Head, content: Content | undefined): Promise<RecordEntry> {
    return new Promise((resolve, reject) => {
      const { lines, records } = this.#batch();
      const offset = lines.length;
      addLine(lines, head, content);
      records.push({ head, offset, length: lines.length - offset, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  /** The batch that the next record goes to. */
  #batch(): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.lines.length < BATCH_BYTES) return last;
    const batch = { lines: this.#spare ?? new LineBuffer(), records: [] };
    this.#spare = undefined;
    this.#waiting.push(batch);
    return batch;
  }

  async #flush(): Promise<void> {
    // What arrives in the same turn of the event loop shares the first write.
    await new Promise((resolve) => setImmediate(resolve));
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      try {
        await this.write(batch);
      } catch (error) {
        for (const { reject } of batch.records) reject(error);
      }
      batch.lines.clear();
      this.#spare = batch.lines;
    }
    this.#flushing = undefined;
  }
}
