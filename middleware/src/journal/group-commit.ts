import type { Entry, Head } from "./records.js";

const BATCH_BYTES = 8 * 1024 * 1024;

/** A record that waits for the disk. */
export interface Waiting {
  readonly head: Head;
  /** With its line feed. */
  readonly line: Buffer;
  readonly resolve: (entry: Entry) => void;
  readonly reject: (error: unknown) => void;
}

/** Lets records that wait together share one write and one sync. */
export class GroupCommit {
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;

  /** @param write settles the records of a batch; what it throws rejects all of them */
  constructor(private readonly write: (batch: readonly Waiting[]) => Promise<void>) {}

  /** Resolves when the record is on disk. */
  add(head: Head, line: string): Promise<Entry> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ head, line: Buffer.from(line), resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    // What arrives in the same turn of the event loop shares the first write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.write(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#flushing = undefined;
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((waiting) => {
      bytes += waiting.line.length;
      return bytes > BATCH_BYTES;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(1, end));
  }
}
