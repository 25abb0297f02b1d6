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
import { wrongField } from "./fields.js";
import { readIndex } from "./index-file/file.js";
import { Indexer } from "./index-file/indexer.js";
import { JournalIndex } from "./journal-index.js";

/** A record that is not on disk yet. */
export interface Draft {
  head: Omit<PushHead, "seq"> | DeliveryHead | MarkHead;
  content: Content | undefined;
  /** Set once it is on disk. */
  entry?: RecordEntry;
}

export interface StoreOptions {
  /** Size at which a segment is closed, bytes. */
  segmentBytes?: number;
  onDamage?(damage: Damage): void;
}

/**
 * A lowdb adapter over an append-only journal: `read` builds the index from the index files and the segments, `write` appends what `stage`
 * was given and resolves when it is on disk. Segments are never rewritten.
 */
export class JournalAdapter implements Adapter<JournalIndex> {
  #journal: Journal | undefined;
  #indexer: Indexer | undefined;
  #staged: Draft[] = [];

  constructor(
    private readonly dir: string,
    private readonly options: StoreOptions = {},
  ) {}

  /** The open journal. */
  get journal(): Journal {
    if (this.#journal === undefined) throw new Error("The journal is not open: call read() first.");
    return this.#journal;
  }

  /** A record for the next `write`. */
  stage(draft: Draft): void {
    this.#staged.push(draft);
  }

  async read(): Promise<JournalIndex> {
    const index = new JournalIndex();
    const indexer = new Indexer(this.dir, index);
    const wrong: Damage[] = [];
    const journal = await openJournal(this.dir, {
      ...this.options,
      sameFolder: true,
      loadSummary: (segment, end) => indexer.loadSummary(segment, end),
      onSegment: (summary) => indexer.noteSegment(summary),
      onRecord: (entry) => {
        const reason = wrongField(entry.head);
        if (reason === undefined) {
          index.add(entry);
          indexer.note(entry);
        } else wrong.push({ ...entry.location, reason });
      },
    });
    for (const damage of wrong) {
      journal.reportDamage(damage, damage.reason);
      indexer.reportDamage(damage);
    }
    this.#journal = journal;
    this.#indexer = indexer;
    indexer.start(() => this.#segments());
    return index;
  }

  async write(index: JournalIndex): Promise<void> {
    const drafts = this.#staged;
    this.#staged = [];
    const append = async (draft: Draft) => {
      draft.entry = await this.journal.append(draft.head, draft.content);
      index.add(draft.entry);
      this.#indexer?.note(draft.entry);
    };
    const results = await Promise.allSettled(drafts.map(append));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Packs closed segments and writes their index files. */
  async indexClosed(): Promise<void> {
    await this.#indexer?.work(this.#segments().slice(0, -1));
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

/** The same index of a journal that another process may be writing. It cannot be written. */
export class SnapshotAdapter implements Adapter<JournalIndex> {
  constructor(
    private readonly dir: string,
    private readonly options: StoreOptions = {},
  ) {}

  async read(): Promise<JournalIndex> {
    const index = new JournalIndex();
    await readJournal(this.dir, {
      ...this.options,
      loadSummary: async (segment, end) => {
        const pack = await readIndex(this.dir, segment, end);
        if (pack !== undefined) index.addPack(pack);
        return pack?.summary;
      },
      onRecord: (entry) => {
        const reason = wrongField(entry.head);
        if (reason === undefined) index.add(entry);
        else this.options.onDamage?.({ ...entry.location, reason });
      },
    });
    return index;
  }

  async write(): Promise<void> {
    throw new Error("A snapshot of a journal cannot be written.");
  }
}
