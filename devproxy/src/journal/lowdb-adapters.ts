import {
  type Content,
  type Damage,
  type DeliveryHead,
  type Journal,
  type MarkHead,
  openJournal,
  type PushHead,
  type RecordEntry,
  readJournal,
} from "airudder-webhooks/journal";
import type { Adapter } from "lowdb";
import { describeWrongField } from "./fields.js";
import { readIndexFile } from "./index-file/file.js";
import { Indexer } from "./index-file/indexer.js";
import { JournalIndex } from "./journal-index.js";

/** A record to append. */
export interface NewRecord {
  readonly head: Omit<PushHead, "seq"> | DeliveryHead | MarkHead;
  readonly content: Content | undefined;
  /** Set once the record is on disk. */
  entry?: RecordEntry;
}

/** The data of the lowdb database. An `update` adds records to `added`; the `write` after it appends them to the journal. */
export interface JournalData {
  readonly index: JournalIndex;
  /** Records that are not in the journal yet. */
  readonly added: NewRecord[];
}

/** How to open a journal. */
export interface StoreOptions {
  /** Size at which a segment is closed. Bytes; default 64 MiB. */
  segmentBytes?: number;
  /** Called once for each damaged record, which is skipped. */
  onDamage?(damage: Damage): void;
}

/**
 * A lowdb adapter for an append-only journal. `read` builds the index from the index files and the segments. `write` appends the added
 * records, and resolves when they are on disk and in the index. Segments are never rewritten.
 */
export class JournalAdapter implements Adapter<JournalData> {
  #journal: Journal | undefined;
  #indexer: Indexer | undefined;

  constructor(
    private readonly dir: string,
    private readonly options: StoreOptions = {},
  ) {}

  /** The open journal. */
  get journal(): Journal {
    if (this.#journal === undefined) throw new Error("The journal is not open: call read() first.");
    return this.#journal;
  }

  async read(): Promise<JournalData> {
    const index = new JournalIndex();
    const indexer = new Indexer(this.dir, index);
    /** Records that are complete lines, but whose fields have wrong types. */
    const malformed: Damage[] = [];
    const journal = await openJournal(this.dir, {
      ...this.options,
      sameFolder: true,
      loadSummary: (segment, end) => indexer.loadSummary(segment, end),
      onSegment: (summary) => indexer.addSummary(summary),
      onRecord: (entry) => {
        const reason = describeWrongField(entry.head);
        if (reason === undefined) {
          index.add(entry);
          indexer.addRecord(entry);
        } else malformed.push({ ...entry.location, reason });
      },
    });
    for (const damage of malformed) {
      journal.reportDamage(damage, damage.reason);
      indexer.addDamage(damage);
    }
    this.#journal = journal;
    this.#indexer = indexer;
    indexer.start(() => this.#segments());
    return { index, added: [] };
  }

  async write({ index, added }: JournalData): Promise<void> {
    const append = async (record: NewRecord) => {
      record.entry = await this.journal.append(record.head, record.content);
      index.add(record.entry);
      this.#indexer?.addRecord(record.entry);
    };
    const results = await Promise.allSettled(added.splice(0).map(append));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Packs closed segments and writes their index files. */
  async indexClosedSegments(): Promise<void> {
    await this.#indexer?.indexSegments(this.#segments().slice(0, -1));
  }

  /** Removes a closed segment and its index file. */
  async drop(segment: number): Promise<void> {
    await this.journal.drop(segment);
    await this.#indexer?.drop(segment);
  }

  async close(): Promise<void> {
    await this.#indexer?.close(this.#segments());
    await this.journal.close();
  }

  #segments(): number[] {
    return this.journal.segments().map(({ segment }) => segment);
  }
}

/** A lowdb adapter that reads a journal without its lock, while another process may be writing to it. Cannot write. */
export class SnapshotAdapter implements Adapter<JournalData> {
  constructor(
    private readonly dir: string,
    private readonly options: StoreOptions = {},
  ) {}

  async read(): Promise<JournalData> {
    const index = new JournalIndex();
    await readJournal(this.dir, {
      ...this.options,
      loadSummary: async (segment, end) => {
        const pack = await readIndexFile(this.dir, segment, end);
        if (pack !== undefined) index.addPack(pack);
        return pack?.summary;
      },
      onRecord: (entry) => {
        const reason = describeWrongField(entry.head);
        if (reason === undefined) index.add(entry);
        else this.options.onDamage?.({ ...entry.location, reason });
      },
    });
    return { index, added: [] };
  }

  async write(): Promise<void> {
    throw new Error("A snapshot of a journal is read-only.");
  }
}
