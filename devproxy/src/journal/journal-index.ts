import type { PushHead, RecordEntry, RecordLocation } from "airudder-webhooks/journal";
import type { PackedSegment } from "./index-file/packed-segment.js";
import { IndexRow } from "./index-row.js";
import type { Row } from "./row.js";
import { StringPool } from "./string-pool.js";

/** The index of a journal: the heads of its records, in memory. The heads of closed segments are packed. Bodies stay on disk. */
export class JournalIndex {
  /** In the order of `seq`. */
  readonly rows: Row[] = [];
  readonly #strings = new StringPool();
  /** The rows of pushes that are in no pack, by id of the push. */
  readonly #rowsWithoutPack = new Map<string, IndexRow>();
  /** Oldest segment first, with the row of each of its pushes. */
  readonly #packs: { pack: PackedSegment; rows: IndexRow[] }[] = [];

  /** Adds a record. Ignores deliveries and marks whose push is not in the index. */
  add({ head, location }: RecordEntry): void {
    this.#strings.share(head);
    if (head.kind === "push") {
      this.#addPush(head, location);
      return;
    }
    const row = this.#find(head.push);
    if (row === undefined) return;
    if (head.kind === "delivery") row.addDelivery(head, location);
    else row.setMark(head);
  }

  /** An inbox appends unfinished pushes again before it drops their segment: the same push, at another location. */
  #addPush(push: PushHead, location: RecordLocation): void {
    const known = this.#find(push.id);
    if (known !== undefined) {
      known.moveTo(location);
      return;
    }
    const row = IndexRow.fromHead(push, location);
    this.#rowsWithoutPack.set(push.id, row);
    this.#insert(row);
  }

  #insert(row: IndexRow): void {
    const last = this.rows.at(-1) as IndexRow | undefined;
    if ((last?.seq ?? 0) < row.seq) this.rows.push(row);
    else this.rows.splice(this.#firstAt(row.seq), 0, row);
  }

  /** Adds the packed records of a segment. Add all older segments first. */
  addPack(pack: PackedSegment): void {
    const rows: IndexRow[] = [];
    const highest = (this.rows.at(-1) as IndexRow | undefined)?.seq ?? 0;
    for (let ordinal = 0; ordinal < pack.size; ordinal++) {
      // Only a push that was appended again can have a lower `seq` than earlier pushes.
      const known = pack.seq(ordinal) > highest ? undefined : this.#find(pack.push(ordinal).id);
      const row = known ?? IndexRow.fromPack(pack, ordinal);
      rows.push(row);
      if (known === undefined) this.#insert(row);
      else {
        known.moveTo(pack.location(ordinal));
        for (const recordOrdinal of pack.records(ordinal)) known.addPacked(pack, recordOrdinal);
      }
    }
    for (const { recordOrdinal, push } of pack.foreignRecords()) this.#find(push)?.addPacked(pack, recordOrdinal);
    this.#packs.push({ pack, rows });
  }

  /** Replaces the records of a segment, which are stored as objects, with their pack. */
  replaceWithPack(pack: PackedSegment): void {
    const { segment } = pack;
    const rows: IndexRow[] = [];
    for (let ordinal = 0; ordinal < pack.size; ordinal++) {
      const { id } = pack.push(ordinal);
      const known = this.#find(id);
      const row = known ?? IndexRow.fromPack(pack, ordinal);
      rows.push(row);
      // If an older pack contains the push, it was only appended again to this segment.
      if (known === undefined || (known.packedIn ?? segment) < segment) continue;
      known.replaceWithPack(pack, ordinal);
      this.#rowsWithoutPack.delete(id);
    }
    for (const { recordOrdinal, push } of pack.foreignRecords()) this.#find(push)?.replaceDelivery(pack, recordOrdinal);
    const replaced = this.#packs.findIndex((one) => one.pack.segment === segment);
    if (replaced >= 0) this.#packs.splice(replaced, 1);
    this.#packs.push({ pack, rows });
    this.#packs.sort((a, b) => a.pack.segment - b.pack.segment);
  }

  byId(id: string): Row | undefined {
    return this.#find(id);
  }

  #find(id: string): IndexRow | undefined {
    const known = this.#rowsWithoutPack.get(id);
    if (known !== undefined) return known;
    // Several packs may contain a push that was appended again. All of them have the same row for it.
    for (let at = this.#packs.length - 1; at >= 0; at--) {
      const { pack, rows } = this.#packs[at] as { pack: PackedSegment; rows: IndexRow[] };
      const ordinal = pack.findOrdinal(id);
      if (ordinal !== undefined) return rows[ordinal];
    }
    return undefined;
  }

  bySeq(seq: number): Row | undefined {
    const row = this.rows[this.#firstAt(seq)] as IndexRow | undefined;
    return row?.seq === seq ? row : undefined;
  }

  /** The rows whose `seq` is at least `first` and at most `last`. */
  between(first: number, last: number): Row[] {
    return this.rows.slice(this.#firstAt(first), this.#firstAt(last + 1));
  }

  /** Removes the rows of a dropped segment. */
  dropSegment(segment: number): void {
    let kept = 0;
    for (const row of this.rows as IndexRow[]) {
      if (row.segment !== segment) this.rows[kept++] = row;
      else if (this.#rowsWithoutPack.size > 0) this.#rowsWithoutPack.delete(row.push.id);
    }
    this.rows.length = kept;
    const at = this.#packs.findIndex(({ pack }) => pack.segment === segment);
    if (at < 0) return;
    const { pack, rows } = this.#packs[at] as { pack: PackedSegment; rows: IndexRow[] };
    this.#packs.splice(at, 1);
    // A push that was appended again to a newer segment stays. From now on, `#rowsWithoutPack` contains it.
    for (const [ordinal, row] of rows.entries())
      if (row.segment !== segment) this.#rowsWithoutPack.set(pack.push(ordinal).id, row);
  }

  /** Position of the first row whose `seq` is at least the given one. */
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
  return row instanceof IndexRow ? row.isFromInbox : row.push.source === "inbox";
}

/** The number of a push. Does not unpack its head. */
export function seqOf(row: Row): number {
  return row instanceof IndexRow ? row.seq : row.push.seq;
}
