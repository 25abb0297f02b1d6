import { setImmediate } from "node:timers/promises";
import { LineBuffer } from "./line-buffer.js";
import { addLine } from "./lines.js";
import type { Content, Head, RecordEntry } from "./records.js";

/** Size at which no more records are added to a batch. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** A record that is not on disk yet. */
export interface PendingRecord {
  readonly head: Head;
  /** Start of its line in the batch. Bytes. */
  readonly offset: number;
  /** Bytes of the line, with the line feed. */
  readonly length: number;
  readonly resolve: (entry: RecordEntry) => void;
  readonly reject: (error: unknown) => void;
}

/** Records that are written and synced together. */
export interface Batch {
  readonly lines: LineBuffer;
  readonly records: PendingRecord[];
}

/** Collects the records that are added during a write, so that they share the next write and sync. */
export class GroupCommit {
  readonly #pending: Batch[] = [];
  /** The buffer of a written batch, to use again. */
  #spare: LineBuffer | undefined;
  #flushing: Promise<void> | undefined;

  /** @param write writes a batch and resolves its records; if it throws, all of them are rejected */
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

  /** Resolves when no record is pending. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  /** The batch that the next record is added to. */
  #batch(): Batch {
    const last = this.#pending.at(-1);
    if (last !== undefined && last.lines.length < BATCH_BYTES) return last;
    const batch = { lines: this.#spare ?? new LineBuffer(), records: [] };
    this.#spare = undefined;
    this.#pending.push(batch);
    return batch;
  }

  async #flush(): Promise<void> {
    // Records that are added in the same turn of the event loop share the first write.
    await setImmediate();
    for (let batch = this.#pending.shift(); batch !== undefined; batch = this.#pending.shift()) {
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
