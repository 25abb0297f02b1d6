import type { DeliveryHead, MarkHead, PushHead, RecordLocation } from "airudder-webhooks/journal";
import type { PackedSegment } from "./index-file/packed-segment.js";
import type { DeliveryRow, Row } from "./row.js";

/** A record that is unpacked on access. */
interface PackedRecord {
  pack: PackedSegment;
  recordOrdinal: number;
}

/** Data of a push that its pack does not contain; all of its data if there is no pack yet. */
interface Extra {
  push?: PushHead;
  location?: RecordLocation;
  /** Deliveries in other segments, or in a segment that is not packed yet. */
  deliveries: (DeliveryRow | PackedRecord)[];
  mark?: MarkHead | PackedRecord;
}

/** A row of the index. Its data is stored as objects while its segment is being written, and in a pack afterwards. */
export class IndexRow implements Row {
  #pack: PackedSegment | undefined;
  /** Ordinal of the push in the pack. */
  #ordinal = 0;
  #extra: Extra | undefined;

  private constructor() {}

  static fromHead(push: PushHead, location: RecordLocation): IndexRow {
    const row = new IndexRow();
    row.#extra = { push, location, deliveries: [] };
    return row;
  }

  static fromPack(pack: PackedSegment, ordinal: number): IndexRow {
    const row = new IndexRow();
    row.#pack = pack;
    row.#ordinal = ordinal;
    return row;
  }

  get seq(): number {
    return this.#extra?.push?.seq ?? (this.#pack as PackedSegment).seq(this.#ordinal);
  }

  get isFromInbox(): boolean {
    const push = this.#extra?.push;
    return push === undefined ? (this.#pack as PackedSegment).isFromInbox(this.#ordinal) : push.source === "inbox";
  }

  get push(): PushHead {
    return this.#extra?.push ?? (this.#pack as PackedSegment).push(this.#ordinal);
  }

  get segment(): number {
    return this.#extra?.location?.segment ?? (this.#pack as PackedSegment).segment;
  }

  /** The segment of the pack that contains the push. */
  get packedIn(): number | undefined {
    return this.#pack?.segment;
  }

  get location(): RecordLocation {
    return this.#extra?.location ?? (this.#pack as PackedSegment).location(this.#ordinal);
  }

  get deliveries(): DeliveryRow[] {
    const later = this.#extra?.deliveries ?? [];
    const packed = this.#pack?.deliveries(this.#ordinal) ?? [];
    return later.length === 0
      ? packed
      : [...packed, ...later.map((one) => ("pack" in one ? one.pack.delivery(one.recordOrdinal) : one))];
  }

  get mark(): MarkHead | undefined {
    const mark = this.#extra?.mark;
    if (mark === undefined) return this.#pack?.mark(this.#ordinal);
    return "pack" in mark ? mark.pack.markAt(mark.recordOrdinal) : mark;
  }

  /** Sets the location of a push that was appended again to a newer segment. */
  moveTo(location: RecordLocation): void {
    this.#ensureExtra().location = location;
  }

  addDelivery(head: DeliveryHead, location: RecordLocation): void {
    this.#ensureExtra().deliveries.push({ head, location });
  }

  setMark(mark: MarkHead): void {
    this.#ensureExtra().mark = mark;
  }

  /** Adds a record from a pack that does not contain the push itself. */
  addPacked(pack: PackedSegment, recordOrdinal: number): void {
    if (pack.isDelivery(recordOrdinal)) this.#ensureExtra().deliveries.push({ pack, recordOrdinal });
    else this.#ensureExtra().mark = { pack, recordOrdinal };
  }

  /** Discards the objects that `pack` contains. From now on, their data is read from the pack. */
  replaceWithPack(pack: PackedSegment, ordinal: number): void {
    const { segment } = pack;
    const { deliveries = [], mark, location } = this.#extra ?? {};
    this.#pack = pack;
    this.#ordinal = ordinal;
    const later = deliveries.filter((one) => segmentOf(one) !== segment);
    const packedMark = pack.mark(ordinal);
    const isMarkPacked =
      mark === undefined || (!("pack" in mark) && packedMark !== undefined && sameMark(mark, packedMark));
    const isMoved = location !== undefined && location.segment !== segment;
    this.#extra =
      later.length === 0 && isMarkPacked && !isMoved
        ? undefined
        : { deliveries: later, ...(isMarkPacked ? {} : { mark }), ...(isMoved ? { location } : {}) };
  }

  /** Replaces a delivery that is stored as an object with the packed one. */
  replaceDelivery(pack: PackedSegment, recordOrdinal: number): void {
    const extra = this.#extra;
    if (extra === undefined || !pack.isDelivery(recordOrdinal)) return;
    const { segment, offset } = pack.location(recordOrdinal);
    const at = extra.deliveries.findIndex((one) => {
      const location = "pack" in one ? one.pack.location(one.recordOrdinal) : one.location;
      return location.segment === segment && location.offset === offset;
    });
    if (at >= 0) extra.deliveries[at] = { pack, recordOrdinal };
  }

  #ensureExtra(): Extra {
    this.#extra ??= { deliveries: [] };
    return this.#extra;
  }
}

function segmentOf(one: DeliveryRow | PackedRecord): number {
  return "pack" in one ? one.pack.segment : one.location.segment;
}

function sameMark(one: MarkHead, other: MarkHead): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
