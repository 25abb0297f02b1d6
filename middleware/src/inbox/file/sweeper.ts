import type { Journal, PushHead } from "../../journal/index.js";
import type { Item, Ledger } from "./ledger.js";

/** A segment is held by its last pushes until so many closed ones stand behind it. */
const SEGMENTS_HELD = 2;
/** So much is carried at a time, bytes: what it takes of memory, and what a close waits for. */
const CARRIED_AT_ONCE = 4 * 1024 * 1024;

/**
 * Removes segments whose pushes are all done: always the oldest, since a mark stands in the same segment as its push or in a later one.
 * Pushes that are not done, such as dead ones, do not hold a segment for ever: their lines are appended anew, once at least as much as they
 * take on disk can be freed behind them, so that no backlog is written again and again.
 */
export class Sweeper {
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(
    private readonly journal: Journal,
    private readonly ledger: Ledger,
  ) {}

  /** Removes what can be removed, in the background. */
  sweep(): void {
    if (this.#sweeping !== undefined || !this.#canSweep()) return;
    this.#sweeping = this.#sweep()
      .catch(() => undefined) // tried again with the next push that is done
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  /** Ends what goes on in the background, as soon as a line is whole. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sweeping;
  }

  #canSweep(): boolean {
    if (this.#stopped) return false;
    const closed = this.journal.segments().slice(0, -1);
    const [oldest] = closed;
    if (oldest === undefined) return false;
    if (this.ledger.openBytes(oldest.segment) === 0) return true;
    if (closed.length <= SEGMENTS_HELD) return false;
    let open = 0;
    let bytes = 0;
    for (const state of closed) {
      open += this.ledger.openBytes(state.segment);
      bytes += state.bytes;
    }
    return bytes >= 2 * open;
  }

  async #sweep(): Promise<void> {
    while (this.#canSweep()) {
      const { segment } = this.journal.segments()[0] as { segment: number };
      for (const items of chunks(this.ledger.itemsIn(segment))) {
        if (this.#stopped) return;
        const lines = await Promise.all(items.map(({ place }) => this.journal.read(place)));
        await Promise.all(items.map((item, i) => this.#carry(item, lines[i] as Line)));
      }
      if (this.ledger.openBytes(segment) > 0) return;
      await this.journal.drop(segment);
      this.ledger.forget(segment);
    }
  }

  async #carry(item: Item, { head, content }: Line): Promise<void> {
    const { place } = await this.journal.append(head as PushHead, content);
    const at = new Date().toISOString();
    if (item.done) {
      // Done while it was copied: the mark may stand before the copy, and must outlive it.
      await this.journal.append({ kind: "mark", push: item.id, at, state: "done" });
      return;
    }
    this.ledger.move(item, place);
    const { dead, failures: attempt, error } = item;
    if (dead === undefined && attempt === 0) return;
    await this.journal.append({
      kind: "mark",
      push: item.id,
      at,
      state: dead ?? "failed",
      attempt,
      ...(error === undefined ? {} : { error }),
    });
  }
}

type Line = Awaited<ReturnType<Journal["read"]>>;

function chunks(items: readonly Item[]): Item[][] {
  const all: Item[][] = [];
  let bytes = CARRIED_AT_ONCE;
  for (const item of items) {
    if (bytes >= CARRIED_AT_ONCE) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(item);
    bytes += item.place.length;
  }
  return all;
}
