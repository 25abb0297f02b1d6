import type { DeliveryHead, MarkHead, PushHead, RecordLocation } from "airudder-webhooks/journal";
import type { PackedSegment } from "./index-file/packed-segment.js";
import type { DeliveryRow, Row } from "./row.js";

/** A record that is unpacked on access. */
interface PackedRecord {
  pack: PackedSegment;
  record: number;
}

/** Data of a push that its pack does not contain. */
interface Extra {
  push?: PushHead;
  location?: RecordLocation;
  /** Records of other segments, or of one that is not packed. */
  deliveries: (DeliveryRow | PackedRecord)[];
  mark?: MarkHead | PackedRecord;
}

/** A push of the index: in memory while its segment is written, packed afterwards. */
export class IndexRow implements Row {
  #pack: PackedSegment | undefined;
  #ordinal = 0;
  #extra: Extra | undefined;

  private constructor() {}

  static live(push: PushHead, location: RecordLocation): IndexRow {
    const row = new IndexRow();
    row.#extra = { push, location, deliveries: [] };
    return row;
  }

  static packed(pack: PackedSegment, ordinal: number): IndexRow {
    const row = new IndexRow();
    row.#pack = pack;
    row.#ordinal = ordinal;
    return row;
  }

  get seq(): number {
    return this.#extra?.push?.seq ?? (this.#pack as PackedSegment).seq(this.#ordinal);
  }

  get isInbox(): boolean {
    const push = this.#extra?.push;
    return push === undefined ? (this.#pack as PackedSegment).isInbox(this.#ordinal) : push.source === "inbox";
  }

  get push(): PushHead {
    return this.#extra?.push ?? (this.#pack as PackedSegment).push(this.#ordinal);
  }

  get segment(): number {
    return this.#extra?.location?.segment ?? (this.#pack as PackedSegment).segment;
  }

  /** The segment of the pack that holds the push. */
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
      : [...packed, ...later.map((one) => ("pack" in one ? one.pack.delivery(one.record) : one))];
  }

  get mark(): MarkHead | undefined {
    const mark = this.#extra?.mark;
    if (mark === undefined) return this.#pack?.mark(this.#ordinal);
    return "pack" in mark ? mark.pack.markAt(mark.record) : mark;
  }

  /** The push was carried into a newer segment. */
  moveTo(location: RecordLocation): void {
    this.#more().location = location;
  }

  addDelivery(head: DeliveryHead, location: RecordLocation): void {
    this.#more().deliveries.push({ head, location });
  }

  setMark(mark: MarkHead): void {
    this.#more().mark = mark;
  }

  /** Adds a record of a pack that does not hold the push itself. */
  addPacked(pack: PackedSegment, record: number): void {
    if (pack.isDelivery(record)) this.#more().deliveries.push({ pack, record });
    else this.#more().mark = { pack, record };
  }

  /** Replaces the data from the pack's segment by the pack. */
  settle(pack: PackedSegment, ordinal: number): void {
    const { segment } = pack;
    const { deliveries = [], mark, location } = this.#extra ?? {};
    this.#pack = pack;
    this.#ordinal = ordinal;
    const later = deliveries.filter((one) => segmentOf(one) !== segment);
    const own = pack.mark(ordinal);
    const isOwnMark = mark === undefined || (!("pack" in mark) && own !== undefined && sameMark(mark, own));
    const isMoved = location !== undefined && location.segment !== segment;
    this.#extra =
      later.length === 0 && isOwnMark && !isMoved
        ? undefined
        : { deliveries: later, ...(isOwnMark ? {} : { mark }), ...(isMoved ? { location } : {}) };
  }

  /** Replaces a delivery in memory by the packed one. */
  settleRecord(pack: PackedSegment, record: number): void {
    const extra = this.#extra;
    if (extra === undefined || !pack.isDelivery(record)) return;
    const { segment, offset } = pack.location(record);
    const at = extra.deliveries.findIndex((one) => {
      const location = "pack" in one ? one.pack.location(one.record) : one.location;
      return location.segment === segment && location.offset === offset;
    });
    if (at >= 0) extra.deliveries[at] = { pack, record };
  }

  #more(): Extra {
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
