import {
  type Content,
  type DeliveryHead,
  type Entry,
  type Head,
  JournalError,
  type MarkHead,
  type Place,
  type PushHead,
  readContent,
  readContents,
} from "airudder-webhooks/journal";
import { type Adapter, Low } from "lowdb";
import { type Draft, JournalAdapter, type JournalOptions, SnapshotAdapter } from "./adapter.js";
import { Index, type Row } from "./rows.js";

/** What both a snapshot and an open store can do. */
export interface SnapshotReader {
  readonly dir: string;
  readonly index: Index;
  /** The exact bytes and headers of a record. */
  content(place: Place): Promise<Content>;
  /**
   * Many whole records, in the order of their places, with those of one read together: they are parsed while they are iterated. A record
   * of a segment that was dropped is `undefined`.
   */
  records(places: Iterable<Place>): AsyncIterable<Iterable<WholeRecord | undefined>>;
}

/** A record as `readContents` reads it. */
export interface WholeRecord {
  head: Head;
  content?: Content;
}

async function load(adapter: Adapter<Index>): Promise<Low<Index>> {
  const db = new Low(adapter, new Index());
  await db.read();
  return db;
}

/** Reads the content of records without the lock. */
export function contentIn(dir: string): SnapshotReader["content"] {
  return async (place) => required(await readContent(dir, place));
}

/** A journal read without its lock: as it was at this moment. */
export async function openSnapshot(dir: string, options: JournalOptions = {}): Promise<SnapshotReader> {
  const db = await load(new SnapshotAdapter(dir, options));
  return {
    dir,
    index: db.data,
    content: contentIn(dir),
    records: (places) => readContents(dir, places),
  };
}

/** A journal opened to write: the lowdb database of the dev proxy. */
export class Store implements SnapshotReader {
  /** Called for every record that has been appended. */
  onRecord: ((entry: Entry) => void) | undefined;
  /** Pushes that are being delivered. Their segments are not dropped. */
  readonly inDelivery = new Set<Row>();
  /** Why recording is suspended; becomes the message of the error. `undefined` if it is not. */
  suspended: string | undefined;
  /** Why the last record could not be written; `undefined` once one was written. */
  failure: string | undefined;
  #active: number | undefined;

  private constructor(
    readonly dir: string,
    private readonly adapter: JournalAdapter,
    private readonly db: Low<Index>,
  ) {
    this.#active = this.segments().at(-1)?.segment;
  }

  /** @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable` */
  static async open(dir: string, options: JournalOptions = {}): Promise<Store> {
    const adapter = new JournalAdapter(dir, options);
    return new Store(dir, adapter, await load(adapter));
  }

  get index(): Index {
    return this.db.data;
  }

  /** Appends a record; it is on disk and in the index when this resolves. */
  async record(head: Omit<PushHead, "seq"> | DeliveryHead | MarkHead, content?: Content): Promise<Entry> {
    if (this.suspended !== undefined) throw new JournalError("journal_unwritable", this.suspended);
    const draft: Draft = { head, content };
    try {
      await this.db.update(() => this.adapter.stage(draft));
      this.failure = undefined;
    } catch (error) {
      this.failure = (error as Error).message;
      throw error;
    }
    const entry = draft.entry as Entry;
    const { segment } = entry.place;
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

  async content(place: Place): Promise<Content> {
    return required(await this.adapter.journal.read(place));
  }

  records(places: Iterable<Place>): AsyncIterable<Iterable<WholeRecord | undefined>> {
    return readContents(this.dir, places);
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
