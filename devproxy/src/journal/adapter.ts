import {
  type Content,
  type Damage,
  type DeliveryHead,
  type Entry,
  type Journal,
  type MarkHead,
  openJournal,
  type PushHead,
  readJournal,
} from "airudder-webhooks/journal";
import type { Adapter } from "lowdb";
import { Index } from "./rows.js";

/** A record that is not on disk yet. */
export interface Draft {
  head: Omit<PushHead, "seq"> | DeliveryHead | MarkHead;
  content: Content | undefined;
  /** Set once it is on disk. */
  entry?: Entry;
}

export interface JournalOptions {
  /** Size at which a segment is closed, bytes. */
  segmentBytes?: number;
  onDamage?(damage: Damage): void;
}

/**
 * A lowdb adapter over an append-only journal: `read` builds the index from the segments, `write` appends what `stage` was given and
 * resolves when it is on disk. Nothing is ever rewritten.
 */
export class JournalAdapter implements Adapter<Index> {
  #journal: Journal | undefined;
  #staged: Draft[] = [];

  constructor(
    private readonly dir: string,
    private readonly options: JournalOptions = {},
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

  async read(): Promise<Index> {
    const index = new Index();
    this.#journal = await openJournal(this.dir, {
      ...this.options,
      sameFolder: true,
      onEntry: (entry) => index.add(entry),
    });
    return index;
  }

  async write(index: Index): Promise<void> {
    const drafts = this.#staged;
    this.#staged = [];
    const append = async (draft: Draft) => {
      draft.entry = await this.journal.append(draft.head, draft.content);
      index.add(draft.entry);
    };
    const results = await Promise.allSettled(drafts.map(append));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}

/** The same index of a journal that another process may be writing. It cannot be written. */
export class SnapshotAdapter implements Adapter<Index> {
  constructor(
    private readonly dir: string,
    private readonly options: JournalOptions = {},
  ) {}

  async read(): Promise<Index> {
    const index = new Index();
    await readJournal(this.dir, { ...this.options, onEntry: (entry) => index.add(entry) });
    return index;
  }

  async write(): Promise<void> {
    throw new Error("A snapshot of a journal cannot be written.");
  }
}
