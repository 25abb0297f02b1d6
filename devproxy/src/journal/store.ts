import {
  type Content,
  type DeliveryHead,
  JournalError,
  type JournalRecord,
  type MarkHead,
  type PushHead,
  type RecordEntry,
  type RecordLocation,
  readRecord,
  readRecords,
} from "airudder-webhooks/journal";
import { type Adapter, Low } from "lowdb";
import { JournalIndex } from "./journal-index.js";
import {
  JournalAdapter,
  type JournalData,
  type NewRecord,
  SnapshotAdapter,
  type StoreOptions,
} from "./lowdb-adapters.js";
import type { Row } from "./row.js";

/** Reads a journal: a snapshot of it, or one that is open for writing. */
export interface JournalReader {
  readonly dir: string;
  readonly index: JournalIndex;
  /** The headers and the exact body of a record. */
  content(location: RecordLocation): Promise<Content>;
  /**
   * Reads many records, in the order of `locations`. Each element contains the records of one read, which are parsed while you iterate over
   * them. A record whose segment was dropped is `undefined`.
   */
  records(locations: Iterable<RecordLocation>): AsyncIterable<Iterable<JournalRecord | undefined>>;
}

async function load(adapter: Adapter<JournalData>): Promise<Low<JournalData>> {
  const db = new Low<JournalData>(adapter, { index: new JournalIndex(), added: [] });
  await db.read();
  return db;
}

/** Returns a function that reads headers and body of a record in `dir`, without the lock. */
export function contentIn(dir: string): JournalReader["content"] {
  return async (location) => contentOf(await readRecord(dir, location));
}

/** Reads a journal as it is now, without its lock. */
export async function openSnapshot(dir: string, options: StoreOptions = {}): Promise<JournalReader> {
  const db = await load(new SnapshotAdapter(dir, options));
  return {
    dir,
    index: db.data.index,
    content: contentIn(dir),
    records: (locations) => readRecords(dir, locations),
  };
}

/** A journal that this process writes to, as a lowdb database. */
export class Store implements JournalReader {
  /** Called for each appended record. */
  readonly listeners = new Set<(entry: RecordEntry) => void>();
  /** Pushes that are being delivered to the app. Their segments are not dropped. */
  readonly inDelivery = new Set<Row>();
  /** Set to suspend recording: the message of the error that `record` throws. */
  suspended: string | undefined;
  /** Why the last record could not be written; `undefined` after a successful write. */
  failure: string | undefined;
  #active: number | undefined;

  private constructor(
    readonly dir: string,
    private readonly adapter: JournalAdapter,
    private readonly db: Low<JournalData>,
  ) {
    this.#active = this.segments().at(-1)?.segment;
  }

  /** @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable` */
  static async open(dir: string, options: StoreOptions = {}): Promise<Store> {
    const adapter = new JournalAdapter(dir, options);
    return new Store(dir, adapter, await load(adapter));
  }

  get index(): JournalIndex {
    return this.db.data.index;
  }

  /** Appends a record. Resolves when it is on disk and in the index. */
  async record(head: Omit<PushHead, "seq"> | DeliveryHead | MarkHead, content?: Content): Promise<RecordEntry> {
    if (this.suspended !== undefined) throw new JournalError("journal_unwritable", this.suspended);
    const record: NewRecord = { head, content };
    try {
      await this.db.update(({ added }) => added.push(record));
      this.failure = undefined;
    } catch (error) {
      this.failure = (error as Error).message;
      throw error;
    }
    const entry = record.entry as RecordEntry;
    const { segment } = entry.location;
    if (this.#active !== segment) void this.adapter.indexClosedSegments();
    this.#active = segment;
    for (const listener of this.listeners) listener(entry);
    return entry;
  }

  /** Records a push and returns its row. */
  async recordPush(head: Omit<PushHead, "seq">, content: Content): Promise<Row> {
    await this.record(head, content);
    return this.index.byId(head.id) as Row;
  }

  async content(location: RecordLocation): Promise<Content> {
    return contentOf(await this.adapter.journal.read(location));
  }

  records(locations: Iterable<RecordLocation>): AsyncIterable<Iterable<JournalRecord | undefined>> {
    return readRecords(this.dir, locations);
  }

  segments(): ReturnType<JournalAdapter["journal"]["segments"]> {
    return this.adapter.journal.segments();
  }

  /** The segment that records are appended to; `undefined` between `roll` and the next record. */
  get activeSegment(): number | undefined {
    return this.#active;
  }

  /** Closes the segment that records are appended to; the next record begins a new one. */
  async roll(): Promise<void> {
    await this.adapter.journal.roll();
    this.#active = undefined;
  }

  /** Removes a closed segment from the disk and from the index. */
  async drop(segment: number): Promise<void> {
    await this.adapter.drop(segment);
    this.index.dropSegment(segment);
  }

  close(): Promise<void> {
    return this.adapter.close();
  }
}

function contentOf({ content }: { content?: Content }): Content {
  return content ?? { headers: {}, body: Buffer.alloc(0) };
}
