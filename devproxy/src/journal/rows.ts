import type { DeliveryHead, Entry, MarkHead, Place, PushHead } from "airudder-webhooks/journal";

import { SharedWords } from "./shared-words.js";

/** One try to deliver a push, and where the app's response is on disk. */
export interface DeliveryRow {
  head: DeliveryHead;
  place: Place;
}

/** A push as the index knows it: its head, its tries, and where the bytes are. */
export interface Row {
  push: PushHead;
  place: Place;
  deliveries: DeliveryRow[];
  mark?: MarkHead;
}

/** State of the `mark` that says: the sender was answered 200 by us, and the app has yet to get the push. */
export const ACKNOWLEDGED = "acknowledged";

/** State of the `mark` of a push that the app took without an answer, and that is not sent again by itself. */
export const GIVEN_UP = "given_up";

/** The index of a journal: heads in memory, bodies on disk. */
export class Index {
  /** In the order of `seq`. */
  readonly rows: Row[] = [];
  readonly #words = new SharedWords();
  readonly #byId = new Map<string, Row>();

  add({ head, place }: Entry): void {
    this.#words.share(head);
    if (head.kind === "push") {
      this.#addPush(head, place);
      return;
    }
    const row = this.#byId.get(head.push);
    if (row === undefined) return;
    head.push = row.push.id;
    if (head.kind === "delivery") row.deliveries.push({ head, place });
    else row.mark = head;
  }

  /** An inbox carries pushes that are not done into newer segments: the same push, in another place. */
  #addPush(push: PushHead, place: Place): void {
    const known = this.#byId.get(push.id);
    if (known !== undefined) {
      known.place = place;
      return;
    }
    const row: Row = { push, place, deliveries: [] };
    this.#byId.set(push.id, row);
    if ((this.rows.at(-1)?.push.seq ?? 0) < push.seq) this.rows.push(row);
    else this.rows.splice(this.#firstAt(push.seq), 0, row);
  }

  byId(id: string): Row | undefined {
    return this.#byId.get(id);
  }

  bySeq(seq: number): Row | undefined {
    const row = this.rows[this.#firstAt(seq)];
    return row?.push.seq === seq ? row : undefined;
  }

  between(first: number, last: number): Row[] {
    return this.rows.slice(this.#firstAt(first), this.#firstAt(last + 1));
  }

  /** Takes out what a dropped segment held. */
  dropSegment(segment: number): void {
    const kept = this.rows.filter((row) => row.place.segment !== segment);
    for (const row of this.rows) if (row.place.segment === segment) this.#byId.delete(row.push.id);
    this.rows.splice(0, this.rows.length, ...kept);
  }

  /** Place of the first row whose `seq` is not below `seq`. */
  #firstAt(seq: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.rows[middle] as Row).push.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
