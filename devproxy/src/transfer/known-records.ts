import type { DeliveryHead, MarkHead } from "airudder-webhooks/journal";
import type { Row } from "../journal/index.js";

/** The deliveries and the newest mark of a push in the journal. Finds out which records of another copy of the push are missing. */
export class KnownRecords {
  /** How often the journal contains each delivery. */
  readonly #deliveries = new Map<string, number>();
  #mark: MarkHead | undefined;

  constructor({ deliveries, mark }: Row) {
    for (const { head } of deliveries) {
      const key = keyOf(head);
      this.#deliveries.set(key, (this.#deliveries.get(key) ?? 0) + 1);
    }
    this.#mark = mark;
  }

  /**
   * Whether the journal contains a record. Each recorded delivery counts for one record only. A mark that is older than the newest one counts
   * as recorded, because only the newest one determines the status.
   */
  remove(head: DeliveryHead | MarkHead): boolean {
    if (head.kind === "mark") {
      const newest = this.#mark;
      if (newest !== undefined && (head.at < newest.at || keyOf(head) === keyOf(newest))) return true;
      this.#mark = head;
      return false;
    }
    const key = keyOf(head);
    const count = this.#deliveries.get(key) ?? 0;
    if (count > 0) this.#deliveries.set(key, count - 1);
    return count > 0;
  }
}

/** Equal for records with equal fields, in any order. */
function keyOf(head: object): string {
  return JSON.stringify(Object.entries(head).sort(([a], [b]) => (a < b ? -1 : 1)));
}
