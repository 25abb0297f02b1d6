import type { Journal, PushHead } from "../../journal/index.js";
import type { Item, Ledger } from "./ledger.js";

/** So many pushes that are not done are carried out of a segment's way; more of them hold it. */
const MOST_CARRIED = 1_000;
/** A segment is held by its last pushes until so many closed ones stand behind it. */
const SEGMENTS_HELD = 2;

/**
 * Removes segments whose pushes are all done: always the oldest, since a mark stands in the same segment as its push or in a later one.
 * A few pushes that are not done, such as dead ones, do not hold a segment for ever: their lines are appended anew.
 */
export class Sweeper {
  #sweeping: Promise<void> | undefined;

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

  async settled(): Promise<void> {
    await this.#sweeping;
  }

  #canSweep(): boolean {
    const [oldest, ...rest] = this.journal.segments();
    if (oldest === undefined || rest.length === 0) return false;
    const open = this.ledger.openIn(oldest.segment);
    return open === 0 || (rest.length > SEGMENTS_HELD && open <= MOST_CARRIED);
  }

  async #sweep(): Promise<void> {
    while (this.#canSweep()) {
      const { segment } = this.journal.segments()[0] as { segment: number };
      await Promise.all(this.ledger.itemsIn(segment).map((item) => this.#carry(item)));
      if (this.ledger.openIn(segment) > 0) return;
      await this.journal.drop(segment);
      this.ledger.forget(segment);
    }
  }

  async #carry(item: Item): Promise<void> {
    const { head, content } = await this.journal.read(item.place);
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
