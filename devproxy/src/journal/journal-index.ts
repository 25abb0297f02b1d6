import type { PushHead, RecordEntry, RecordLocation } from "airudder-webhooks/journal";

import type { PackedSegment } from "./index-file/packed-segment.js";
import { IndexRow } from "./index-row.js";
import type { Row } from "./row.js";
import { StringPool } from "./string-pool.js";

export type { DeliveryRow, Row } from "./row.js";

/** State of the `mark` that says: the sender was answered 200 by us, and the app has yet to get the push. */
export const ACKNOWLEDGED = "acknowledged";

/** State of the `mark` of a push that the app took without an answer, and that is not sent again by itself. */
export const GIVEN_UP = "given_up";

/** The index of a journal: its heads in memory, packed for closed segments, its bodies on disk. */
export class JournalIndex {
  /** In the order of `seq`. */
  readonly rows: Row[] = [];
  readonly #words = new StringPool();
  /** The rows that are not packed. */
  readonly #live = new Map<string, IndexRow>();
  /** Oldest first, with the row of each of their pushes. */
  readonly #packs: { pack: PackedSegment; rows: IndexRow[] }[] = [];

  add({ head, location }: RecordEntry): void {
    this.#words.share(head);
    if (head.kind === "push") {
      this.#addPush(head, location);
      return;
    }
    const row = this.#find(head.push);
    if (row === undefined) return;
    if (head.kind === "delivery") row.addDelivery(head, location);
    else row.setMark(head);
  }

  /** An inbox carries pushes that are not done into newer segments: the same push, in another place. */
  #addPush(push: PushHead, location: RecordLocation): void {
    const known = this.#find(push.id);
    if (known !== undefined) {
      known.moveTo(location);
      return;
    }
    const row = IndexRow.live(push, location);
    this.#live.set(push.id, row);
    this.#insert(row);
  }

  #insert(row: IndexRow): void {
    const last = this.rows.at(-1) as IndexRow | undefined;
    if ((last?.seq ?? 0) < row.seq) this.rows.push(row);
    else this.rows.splice(this.#firstAt(row.seq), 0, row);
  }

  /** Adds the records of a segment that are packed. Older segments must have been added. */
  addPack(pack: PackedSegment): void {
    const rows: IndexRow[] = [];
    const highest = (this.rows.at(-1) as IndexRow | undefined)?.seq ?? 0;
    for (let ordinal = 0; ordinal < pack.size; ordinal++) {
      // Only a push that was carried over has an old number.
      const known = pack.seq(ordinal) > highest ? undefined : this.#find(pack.push(ordinal).id);
      const row = known ?? IndexRow.packed(pack, ordinal);
      rows.push(row);
      if (known === undefined) this.#insert(row);
      else {
        known.moveTo(pack.location(ordinal));
        for (const record of pack.records(ordinal)) known.addPacked(pack, record);
      }
    }
    for (const { record, push } of pack.foreign()) this.#find(push)?.addPacked(pack, record);
    this.#packs.push({ pack, rows });
  }

  /** Replaces the records of a segment in memory by their pack. */
  settle(pack: PackedSegment): void {
    const { segment } = pack;
    const rows: IndexRow[] = [];
    for (let ordinal = 0; ordinal < pack.size; ordinal++) {
      const { id } = pack.push(ordinal);
      const known = this.#find(id);
      const row = known ?? IndexRow.packed(pack, ordinal);
      rows.push(row);
      // If an older pack holds the push, this segment only carries it.
      if (known === undefined || (known.packedIn ?? segment) < segment) continue;
      known.settle(pack, ordinal);
      this.#live.delete(id);
    }
    for (const { record, push } of pack.foreign()) this.#find(push)?.settleRecord(pack, record);
    const older = this.#packs.findIndex((one) => one.pack.segment === segment);
    if (older >= 0) this.#packs.splice(older, 1);
    this.#packs.push({ pack, rows });
    this.#packs.sort((a, b) => a.pack.segment - b.pack.segment);
  }

  byId(id: string): Row | undefined {
    return this.#find(id);
  }

  #find(id: string): IndexRow | undefined {
    const live = this.#live.get(id);
    if (live !== undefined) return live;
    // The oldest pack that holds a push has its row; newer ones may carry it.
    for (let at = this.#packs.length - 1; at >= 0; at--) {
      const { pack, rows } = this.#packs[at] as { pack: PackedSegment; rows: IndexRow[] };
      const ordinal = pack.find(id);
      if (ordinal !== undefined) return rows[ordinal];
    }
    return undefined;
  }

  bySeq(seq: number): Row | undefined {
    const row = this.rows[this.#firstAt(seq)] as IndexRow | undefined;
    return row?.seq === seq ? row : undefined;
  }

  between(first: number, last: number): Row[] {
    return this.rows.slice(this.#firstAt(first), this.#firstAt(last + 1));
  }

  /** Takes out what a dropped segment held. */
  dropSegment(segment: number): void {
    let kept = 0;
    for (const row of this.rows as IndexRow[]) {
      if (row.segment !== segment) this.rows[kept++] = row;
      else if (this.#live.size > 0) this.#live.delete(row.push.id);
    }
    this.rows.length = kept;
    const at = this.#packs.findIndex(({ pack }) => pack.segment === segment);
    if (at < 0) return;
    const { pack, rows } = this.#packs[at] as { pack: PackedSegment; rows: IndexRow[] };
    this.#packs.splice(at, 1);
    // A push that was carried into a newer segment stays, and is found in memory from now on.
    for (const [ordinal, row] of rows.entries())
      if (row.segment !== segment) this.#live.set(pack.push(ordinal).id, row);
  }

  /** RecordLocation of the first row whose `seq` is not below `seq`. */
  #firstAt(seq: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.rows[middle] as IndexRow).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether a push was recorded by an app's inbox. Does not unpack its head. */
export function isFromInbox(row: Row): boolean {
  return row instanceof IndexRow ? row.isInbox : row.push.source === "inbox";
}
