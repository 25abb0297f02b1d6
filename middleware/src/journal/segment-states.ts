import { rename, rm } from "node:fs/promises";
import type { JournalOptions } from "./options.js";
import type { Damage } from "./records.js";
import { keptPath, segmentPath } from "./segments.js";

/** Size and age of a segment. */
export interface SegmentInfo {
  segment: number;
  /** Size of the part that belongs to the journal, bytes. A takeover may exclude the rest. */
  bytes: number;
  /** When its newest record was appended, ms since 1970; absent for an empty segment. */
  lastAt?: number;
}

/** State of a segment, as `Journal.segments` returns it. */
export interface SegmentState extends SegmentInfo {
  /** It contains a damaged record. When it is dropped, its file is kept as `000007.ndjson.kept`. */
  damaged: boolean;
  /** It contains a record of a kind that only a newer version knows. Its file is kept in the same way. */
  unknown: boolean;
}

/** The closed segments of a journal, and the damage and unknown records found in all segments. */
export class SegmentStates {
  readonly #closed: SegmentInfo[] = [];
  /** For each segment, the offsets of its damaged records. */
  readonly #damage = new Map<number, Set<number>>();
  readonly #unknown = new Set<number>();

  constructor(
    private readonly dir: string,
    private readonly options: Pick<JournalOptions, "onDamage" | "onWarning">,
  ) {}

  addClosed(info: SegmentInfo): void {
    this.#closed.push(info);
  }

  listClosed(): SegmentState[] {
    return this.#closed.map((info) => this.describe(info));
  }

  describe(info: SegmentInfo): SegmentState {
    const { segment } = info;
    return { ...info, damaged: this.#damage.has(segment), unknown: this.#unknown.has(segment) };
  }

  isClosed(segment: number): boolean {
    return this.#closed.some((info) => info.segment === segment);
  }

  /** Forgets everything, for example after the folder was removed. */
  clear(): void {
    this.#closed.length = 0;
    this.#damage.clear();
    this.#unknown.clear();
  }

  /** Adds a damaged record. Calls `onDamage` the first time. */
  reportDamage(damage: Damage): void {
    const known = this.#damage.get(damage.segment) ?? new Set();
    if (known.has(damage.offset)) return;
    this.#damage.set(damage.segment, known.add(damage.offset));
    this.options.onDamage?.(damage);
  }

  addUnknown(segment: number): void {
    this.#unknown.add(segment);
  }

  /** Whether any segment contains records of kinds that only a newer version knows. */
  get hasUnknown(): boolean {
    return this.#unknown.size > 0;
  }

  /** Removes a segment's file, or renames it if it contains damaged or unknown records. */
  async remove(segment: number): Promise<void> {
    const path = segmentPath(this.dir, segment);
    const isDamaged = this.#damage.has(segment);
    if (isDamaged || this.#unknown.has(segment)) {
      const kept = keptPath(this.dir, segment);
      await rename(path, kept).catch(ignoreMissing);
      const what = isDamaged ? "damaged records" : "records that a newer version wrote";
      this.options.onWarning?.(
        "segment_kept",
        `The file ${kept} is no longer part of the journal. It is kept because it contains ${what}.`,
      );
    } else await rm(path, { force: true });
    const index = this.#closed.findIndex((info) => info.segment === segment);
    if (index >= 0) this.#closed.splice(index, 1);
    this.#damage.delete(segment);
    this.#unknown.delete(segment);
  }
}

/** Ignores the error if another process has removed the file. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
