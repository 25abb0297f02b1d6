import type { NoteEvent } from "../events.js";
import type { Row } from "../journal/index.js";

/** Maximum number of push numbers in a note. */
const MAX_NUMBERS = 10;

/** Pushes that a replay does not send, and why. */
export class SkippedPushes {
  readonly #seqsByReason = new Map<string, number[]>();

  readonly #onNote: (event: NoteEvent) => void;
  /** Number of skipped pushes. */
  count = 0;
  /** Number of skipped pushes that the queue does not deliver either. */
  unsent = 0;

  /** @param onNote receives the notes of `report()` */
  constructor(onNote: (event: NoteEvent) => void) {
    this.#onNote = onNote;
  }

  /**
   * @param reason follows "was not sent: " or, for several pushes, "were not sent: "
   * @param options.isDelivered whether the queue delivers the push instead. Default: false
   */
  add({ push }: Row, reason: string, { isDelivered = false } = {}): void {
    if (!isDelivered) this.unsent++;
    this.count++;
    const seqs = this.#seqsByReason.get(reason);
    if (seqs === undefined) this.#seqsByReason.set(reason, [push.seq]);
    else seqs.push(push.seq);
  }

  /** Reports the pushes added since the last report: one line per reason. */
  report(): void {
    for (const [reason, seqs] of this.#seqsByReason) {
      const listed = seqs.slice(0, MAX_NUMBERS).map((seq) => `#${seq}`);
      const more = seqs.length > MAX_NUMBERS ? ` and ${seqs.length - MAX_NUMBERS} more` : "";
      const were = seqs.length === 1 ? "was" : "were";
      this.#onNote({
        event: "note",
        code: "skipped",
        message: `${listed.join(", ")}${more} ${were} not sent: ${reason}`,
      });
    }
    this.#seqsByReason.clear();
  }
}
