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
import { JournalIndex, type Row } from "./journal-index.js";
import { type Draft, JournalAdapter, SnapshotAdapter, type StoreOptions } from "./lowdb-adapters.js";

/** What both a snapshot and an open store can do. */
export interface JournalReader {
  readonly dir: string;
  readonly index: JournalIndex;
  /** The exact bytes and headers of a record. */
  content(location: RecordLocation): Promise<Content>;
  /**
   * Many whole records, in the order of their places, with those of one read together: they are parsed while they are iterated. A record
   * of a segment that was dropped is `undefined`.
   */
  records(locations: Iterable<RecordLocation>): AsyncIterable<Iterable<JournalRecord | undefined>>;
}

async function load(adapter: Adapter<JournalIndex>): Promise<Low<JournalIndex>> {
  const db = new Low(adapter, new JournalIndex());
  await db.read();
  return db;
}

/** Reads the content of records without the lock. */
export function contentIn(dir: string): JournalReader["content"] {
  return async (location) => required(await readRecord(dir, location));
}

/** A journal read without its lock: as it was at this moment. */
export async function openSnapshot(dir: string, options: StoreOptions = {}): Promise<JournalReader> {
  const db = await load(new SnapshotAdapter(dir, options));
  return {
    dir,
    index: db.data,
    content: contentIn(dir),
    records: (locations) => readRecords(dir, locations),
  };
}

/** A journal opened to write: the lowdb database of the dev proxy. */
export class Store implements JournalReader {
  /** Called for every record that has been appended. */
  onRecord: ((entry: RecordEntry) => void) | undefined;
  /** Pushes that are being brought to the app: their segments stay. */
  readonly inDelivery = new Set<Row>();
  /** Why recording is suspended; becomes the message of the error. `undefined` if it is not. */
  suspended: string | undefined;
  /** Why the last record could not be written; `undefined` once one was written. */
  failure: string | undefined;
  #active: number | undefined;

  private constructor(
    readonly dir: string,
    private readonly adapter: JournalAdapter,
    private readonly db: Low<JournalIndex>,
  ) {
    this.#active = this.segments().at(-1)?.segment;
  }

  /** @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable` */
  static async open(dir: string, options: StoreOptions = {}): Promise<Store> {
    const adapter = new JournalAdapter(dir, options);
    return new Store(dir, adapter, await load(adapter));
  }

  get index(): JournalIndex {
    return this.db.data;
  }

  /** Appends a record; it is on disk and in the index when this resolves. */
  async record(head: Omit<PushHead, "seq"> | DeliveryHead | MarkHead, content?: Content): Promise<RecordEntry> {
    if (this.suspended !== undefined) throw new JournalError("journal_unwritable", this.suspended);
    const draft: Draft = { head, content };
    try {
      await this.db.update(() => this.adapter.stage(draft));
      this.failure = undefined;
    } catch (error) {
      this.failure = (error as Error).message;
      throw error;
    }
    const entry = draft.entry as RecordEntry;
    const { segment } = entry.location;
    if (this.#active !== segment) void this.adapter.indexClosed();
    this.#active = segment;
    this.onRecord?.(entry);
    return entry;
  }

  /** Records a push and gives its row. */
  async recordPush(head: Omit<PushHead, "seq">, content: Content): Promise<Row> {
    await this.record(head, content);
    return this.index.byId(head.id) as Row;
  }

  async content(location: RecordLocation): Promise<Content> {
    return required(await this.adapter.journal.read(location));
  }

  records(locations: Iterable<RecordLocation>): AsyncIterable<Iterable<JournalRecord | undefined>> {
    return readRecords(this.dir, locations);
  }

  segments(): ReturnType<JournalAdapter["journal"]["segments"]> {
    return this.adapter.journal.segments();
  }

  /** The segment that records are appended to; none between `roll` and the next record. */
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

function required({ content }: { content?: Content }): Content {
  return content ?? { headers: {}, body: Buffer.alloc(0) };
}
