import type { NoteEvent } from "../events.js";
import type { Row } from "../journal/index.js";

/** Maximum number of pushes in a report. */
const MAX_LISTED = 10;

/** Pushes that a replay does not send, and why. */
export class SkippedPushes {
  readonly #reasons = new Map<string, number[]>();

  readonly #onNote: (event: NoteEvent) => void;
  /** Number of skipped pushes. */
  count = 0;
  /** Number of skipped pushes that the queue does not deliver either. */
  unsent = 0;

  /** @param onNote receives the reports */
  constructor(onNote: (event: NoteEvent) => void) {
    this.#onNote = onNote;
  }

  /**
   * @param reason follows "was not sent: "
   * @param options.isDelivered whether the queue delivers the push. Default: false
   */
  add({ push }: Row, reason: string, { isDelivered = false } = {}): void {
    if (!isDelivered) this.unsent++;
    this.count++;
    const seqs = this.#reasons.get(reason);
    if (seqs === undefined) this.#reasons.set(reason, [push.seq]);
    else seqs.push(push.seq);
  }

  /** Reports the pushes added since the last report: one line per reason. */
  report(): void {
    for (const [reason, seqs] of this.#reasons) {
      const listed = seqs.slice(0, MAX_LISTED).map((seq) => `#${seq}`);
      const more = seqs.length > MAX_LISTED ? ` and ${seqs.length - MAX_LISTED} more` : "";
      const were = seqs.length === 1 ? "was" : "were";
      this.#onNote({
        event: "note",
        code: "skipped",
        message: `${listed.join(", ")}${more} ${were} not sent: ${reason}`,
      });
    }
    this.#reasons.clear();
  }
}
