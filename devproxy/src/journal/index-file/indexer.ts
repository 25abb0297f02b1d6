import type { Damage, RecordEntry, SegmentSummary } from "airudder-webhooks/journal";
import type { JournalIndex } from "../journal-index.js";
import { readIndexFile, removeIndexFile, removeStrayIndexFiles, writeIndexFile } from "./file.js";
import { type PackedSegment, packEntries } from "./packed-segment.js";

/** Delay before an opened journal is indexed, so that the first responses do not wait for it. */
const START_DELAY_MS = 2_000;

/** Packs the closed segments of a journal and writes their index files. Only the owner of the lock may use it. */
export class Indexer {
  /** The records of the segments that are not packed yet. */
  readonly #entries = new Map<number, RecordEntry[]>();
  readonly #summaries = new Map<number, SegmentSummary>();
  readonly #damage = new Map<number, Damage[]>();
  /** The pack of the newest segment, if it was read from an index file. Records may still be appended to this segment. */
  readonly #packs = new Map<number, PackedSegment>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly dir: string,
    private readonly index: JournalIndex,
  ) {}

  /** For `openJournal`: adds a segment to the index from its index file. */
  async loadSummary(segment: number, end: number | undefined): Promise<SegmentSummary | undefined> {
    const pack = await readIndexFile(this.dir, segment, end);
    if (pack === undefined) return undefined;
    this.index.addPack(pack);
    this.#packs.clear(); // records can be appended to the newest segment only
    this.#packs.set(segment, pack);
    return pack.summary;
  }

  /** For `openJournal`: adds the summary of a segment that was read. */
  addSummary(summary: SegmentSummary): void {
    this.#packs.clear();
    this.#summaries.set(summary.segment, summary);
    if (!this.#entries.has(summary.segment)) this.#entries.set(summary.segment, []);
  }

  /** Adds a record that was read or appended. */
  addRecord(entry: RecordEntry): void {
    const { segment } = entry.location;
    const known = this.#entries.get(segment);
    if (known === undefined) this.#entries.set(segment, [entry]);
    else known.push(entry);
  }

  /** Adds a damaged record. */
  addDamage(damage: Damage): void {
    this.#damage.set(damage.segment, [...(this.#damage.get(damage.segment) ?? []), damage]);
  }

  /**
   * Indexes closed segments after a delay.
   * @param segments returns all segments; the last one is the active one
   */
  start(segments: () => number[]): void {
    this.#timer = setTimeout(() => {
      void this.indexSegments(segments().slice(0, -1)).then(() =>
        removeStrayIndexFiles(this.dir, new Set(segments())).catch(noop),
      );
    }, START_DELAY_MS);
    this.#timer.unref();
  }

  /** Packs closed segments and writes their index files. */
  indexSegments(closed: readonly number[]): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const segment of closed) await this.#indexOne(segment).catch(noop); // without an index, opening takes longer
    });
    return this.#running;
  }

  /** Indexes the remaining segments, including the newest one. */
  async close(segments: readonly number[]): Promise<void> {
    clearTimeout(this.#timer);
    await this.indexSegments(segments);
  }

  /** Removes a dropped segment. */
  async drop(segment: number): Promise<void> {
    for (const map of [this.#entries, this.#summaries, this.#damage, this.#packs]) map.delete(segment);
    await removeIndexFile(this.dir, segment).catch(noop);
  }

  async #indexOne(segment: number): Promise<void> {
    const added = this.#entries.get(segment);
    if (added === undefined) return;
    const earlier = this.#packs.get(segment);
    const entries = earlier === undefined ? added : [...earlier.entries(), ...added];
    const summary = this.#summaryOf(segment, earlier?.summary ?? this.#summaries.get(segment), added);
    const pack = await packEntries(summary, entries);
    this.#entries.delete(segment);
    this.#packs.delete(segment);
    if (pack === undefined) return;
    this.index.replaceWithPack(pack);
    await writeIndexFile(this.dir, pack);
  }

  #summaryOf(segment: number, earlier: SegmentSummary | undefined, entries: readonly RecordEntry[]): SegmentSummary {
    const start = earlier ?? { segment, bytes: 0, tornBytes: 0, nextSeq: 1, damage: [], unknown: false };
    const damage = [...start.damage, ...(this.#damage.get(segment) ?? [])].sort((a, b) => a.offset - b.offset);
    const last = entries.at(-1);
    const end = last === undefined ? 0 : last.location.offset + last.location.length + 1;
    if (last === undefined || end <= start.bytes) return { ...start, damage };
    const seqs = entries.map(({ head }) => (head.kind === "push" ? head.seq + 1 : 1));
    const nextSeq = seqs.reduce((max, seq) => Math.max(max, seq), start.nextSeq);
    // The journal removes an incomplete last line before the first append.
    const { damage: _, unknown, ...rest } = start;
    return { ...rest, bytes: end, tornBytes: 0, nextSeq, lastAt: Date.parse(last.head.at), damage, unknown };
  }
}

function noop(): void {}
