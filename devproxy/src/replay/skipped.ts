import type { NoteEvent } from "../events.js";
import type { Row } from "../journal/index.js";

/** Maximum number of pushes to list by number. */
const MAX_NAMED = 10;

/** Pushes that a replay does not send, and why. */
export class SkippedPushes {
  readonly #reasons = new Map<string, number[]>();

  constructor(private readonly onNote: (event: NoteEvent) => void) {}

  count = 0;
  /** Number of those that the app did not get in another way. */
  unsent = 0;

  /**
   * @param reason follows "was not sent: "
   * @param options.isDelivered whether the queue delivers it. Default: false
   */
  add({ push }: Row, reason: string, { isDelivered = false } = {}): void {
    if (!isDelivered) this.unsent++;
    this.count++;
    const seqs = this.#reasons.get(reason);
    if (seqs === undefined) this.#reasons.set(reason, [push.seq]);
    else seqs.push(push.seq);
  }

  /** Reports what was added since the last report: one line per reason. */
  report(): void {
    for (const [reason, seqs] of this.#reasons) {
      const named = seqs.slice(0, MAX_NAMED).map((seq) => `#${seq}`);
      const more = seqs.length > MAX_NAMED ? ` and ${seqs.length - MAX_NAMED} more` : "";
      const were = seqs.length === 1 ? "was" : "were";
      this.onNote({
        event: "note",
        code: "skipped",
        message: `${named.join(", ")}${more} ${were} not sent: ${reason}`,
      });
    }
    this.#reasons.clear();
  }
}
