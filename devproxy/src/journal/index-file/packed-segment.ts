import { setImmediate } from "node:timers/promises";
import type {
  DeliveryHead,
  Head,
  MarkHead,
  PushHead,
  RecordEntry,
  RecordLocation,
  SegmentSummary,
} from "airudder-webhooks/journal";
import type { DeliveryRow } from "../row.js";
import { ObjectPacker, ObjectUnpacker, type SharedStrings } from "./object-packer.js";

/** Kinds of records in a pack. */
const PUSH = 0;
const INBOX_PUSH = 1;
const DELIVERY = 2;
const MARK = 3;

/** No record, or a push of another segment. */
const NONE = -1;
/** Maximum number of pushes of a pack: an ordinal has 20 bits in `hashes`. */
const MAX_PUSHES = 2 ** 20;
const MAX_OFFSET = 2 ** 32;
/** Number of unpacked pushes in the cache. A power of two. */
const CACHE_SIZE = 256;

/**
 * The columns of a pack: one element for each record. First all pushes, then all other records, each in the order of the segment. `seqs` and
 * `hashes` have elements only for pushes.
 */
export interface Columns {
  /** `seq` of each push. */
  seqs: Float64Array;
  /** For each push `hash * 2^20 + ordinal`, ascending, to find it by its id. */
  hashes: Float64Array;
  offsets: Uint32Array;
  lengths: Uint32Array;
  /** Where each record's head begins in `heads`. */
  starts: Uint32Array;
  /** The push of each delivery or mark: its ordinal, or -1 for a push of another segment. For pushes: -1. */
  pushOrdinals: Int32Array;
  /** The next record of the same push, or -1. */
  nextRecords: Int32Array;
  kinds: Uint8Array;
}

/**
 * A pack: the records of one closed segment, without headers and bodies. Takes about 250 bytes for each push: fields used for searching
 * are stored in columns; heads are packed by `object-packer.ts` and unpacked on access.
 *
 * The ordinal of a record is its position in the columns, from 0. Pushes come first. `ordinal` is that of a push, `recordOrdinal` that of
 * any record.
 */
export class PackedSegment {
  readonly #unpacker: ObjectUnpacker;
  readonly #cache: { ordinal: number; push: PushHead }[] = [];

  constructor(
    readonly summary: SegmentSummary,
    readonly columns: Columns,
    readonly heads: Buffer,
    readonly shared: SharedStrings,
  ) {
    this.#unpacker = new ObjectUnpacker(heads, shared);
  }

  get segment(): number {
    return this.summary.segment;
  }

  /** Number of pushes. */
  get size(): number {
    return this.columns.seqs.length;
  }

  seq(ordinal: number): number {
    return this.columns.seqs[ordinal] as number;
  }

  isFromInbox(ordinal: number): boolean {
    return this.columns.kinds[ordinal] === INBOX_PUSH;
  }

  push(ordinal: number): PushHead {
    const slot = ordinal & (CACHE_SIZE - 1);
    const cached = this.#cache[slot];
    if (cached?.ordinal === ordinal) return cached.push;
    const push = this.#read(ordinal) as unknown as PushHead;
    this.#cache[slot] = { ordinal, push };
    return push;
  }

  location(recordOrdinal: number): RecordLocation {
    const { offsets, lengths } = this.columns;
    return {
      segment: this.segment,
      offset: offsets[recordOrdinal] as number,
      length: lengths[recordOrdinal] as number,
    };
  }

  /** The deliveries of a push that are in this segment. */
  deliveries(ordinal: number): DeliveryRow[] {
    const found: DeliveryRow[] = [];
    for (const recordOrdinal of this.records(ordinal))
      if (this.isDelivery(recordOrdinal)) found.push(this.delivery(recordOrdinal));
    return found;
  }

  /** The newest mark of a push in this segment. */
  mark(ordinal: number): MarkHead | undefined {
    let newest = NONE;
    const { nextRecords, kinds } = this.columns;
    for (let next = nextRecords[ordinal] as number; next !== NONE; next = nextRecords[next] as number) {
      if (kinds[next] === MARK) newest = next;
    }
    return newest === NONE ? undefined : this.markAt(newest);
  }

  /** The ordinals of the deliveries and marks of a push in this segment. */
  *records(ordinal: number): Generator<number> {
    const { nextRecords } = this.columns;
    for (let next = nextRecords[ordinal] as number; next !== NONE; next = nextRecords[next] as number) yield next;
  }

  /** The ordinals of the deliveries and marks whose push is in another segment, each with the id of the push. */
  *foreignRecords(): Generator<{ recordOrdinal: number; push: string }> {
    const { pushOrdinals } = this.columns;
    for (let recordOrdinal = this.size; recordOrdinal < pushOrdinals.length; recordOrdinal++) {
      if (pushOrdinals[recordOrdinal] === NONE) yield { recordOrdinal, push: String(this.#read(recordOrdinal).push) };
    }
  }

  isDelivery(recordOrdinal: number): boolean {
    return this.columns.kinds[recordOrdinal] === DELIVERY;
  }

  delivery(recordOrdinal: number): DeliveryRow {
    return { head: this.#head(recordOrdinal) as DeliveryHead, location: this.location(recordOrdinal) };
  }

  markAt(recordOrdinal: number): MarkHead {
    return this.#head(recordOrdinal) as MarkHead;
  }

  /** The ordinal of a push, by its id. */
  findOrdinal(id: string): number | undefined {
    const { hashes } = this.columns;
    const first = hashOf(id) * MAX_PUSHES;
    let low = 0;
    for (let high = hashes.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((hashes[middle] as number) < first) low = middle + 1;
      else high = middle;
    }
    for (; (hashes[low] as number) < first + MAX_PUSHES; low++) {
      const ordinal = (hashes[low] as number) - first;
      if (this.push(ordinal).id === id) return ordinal;
    }
    return undefined;
  }

  /** All records, in the segment's order. */
  entries(): RecordEntry[] {
    return [...this.columns.kinds.keys()]
      .map((recordOrdinal) => ({ head: this.#head(recordOrdinal), location: this.location(recordOrdinal) }))
      .sort((a, b) => a.location.offset - b.location.offset);
  }

  #head(recordOrdinal: number): Head {
    if (recordOrdinal < this.size) return this.push(recordOrdinal);
    const head = this.#read(recordOrdinal);
    const ordinal = this.columns.pushOrdinals[recordOrdinal] as number;
    if (ordinal === NONE) return head as unknown as Head;
    const { kind, ...rest } = head;
    return { kind, push: this.push(ordinal).id, ...rest } as unknown as Head;
  }

  #read(recordOrdinal: number): Record<string, unknown> {
    return this.#unpacker.read(this.columns.starts[recordOrdinal] as number);
  }
}

/** FNV-1a, 32 bits. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Number of records to pack before yielding to the event loop. */
const RECORDS_PER_TURN = 500;

/**
 * Packs the records of a closed segment. Yields to the event loop meanwhile.
 * @returns `undefined` if the segment is too large
 */
export async function packEntries(
  summary: SegmentSummary,
  entries: readonly RecordEntry[],
): Promise<PackedSegment | undefined> {
  const pushes: RecordEntry[] = [];
  const others: RecordEntry[] = [];
  const ordinals = new Map<string, number>();
  for (const entry of entries) {
    const { head, location } = entry;
    if (head.kind !== "push") others.push(entry);
    else {
      const known = ordinals.get(head.id);
      if (known === undefined) ordinals.set(head.id, pushes.push(entry) - 1);
      else pushes[known] = { head: (pushes[known] as RecordEntry).head, location }; // appended again to the same segment
    }
  }
  const records = [...pushes, ...others];
  const isTooLarge = entries.some(({ location }) => location.offset + location.length >= MAX_OFFSET);
  if (isTooLarge || pushes.length >= MAX_PUSHES) return undefined;

  const columns = emptyColumns(pushes.length, records.length);
  const packer = new ObjectPacker();
  const lastRecords = Int32Array.from(pushes.keys());
  for (const [recordOrdinal, { head, location }] of records.entries()) {
    if (recordOrdinal % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await setImmediate();
    columns.offsets[recordOrdinal] = location.offset;
    columns.lengths[recordOrdinal] = location.length;
    columns.starts[recordOrdinal] = packer.length;
    if (head.kind === "push") {
      columns.kinds[recordOrdinal] = head.source === "inbox" ? INBOX_PUSH : PUSH;
      columns.seqs[recordOrdinal] = head.seq;
      columns.hashes[recordOrdinal] = hashOf(head.id) * MAX_PUSHES + recordOrdinal;
      packer.add(head);
      continue;
    }
    columns.kinds[recordOrdinal] = head.kind === "delivery" ? DELIVERY : MARK;
    const ordinal = ordinals.get(head.push);
    if (ordinal === undefined) packer.add(head);
    else {
      columns.pushOrdinals[recordOrdinal] = ordinal;
      columns.nextRecords[lastRecords[ordinal] as number] = recordOrdinal;
      lastRecords[ordinal] = recordOrdinal;
      const { push: _, ...rest } = head;
      packer.add(rest);
    }
  }
  columns.hashes.sort();
  return new PackedSegment(summary, columns, Buffer.from(packer.bytes), packer.shared);
}

/** Columns for a number of pushes and of records. */
function emptyColumns(pushes: number, records: number): Columns {
  return {
    seqs: new Float64Array(pushes),
    hashes: new Float64Array(pushes),
    offsets: new Uint32Array(records),
    lengths: new Uint32Array(records),
    starts: new Uint32Array(records),
    pushOrdinals: new Int32Array(records).fill(NONE),
    nextRecords: new Int32Array(records).fill(NONE),
    kinds: new Uint8Array(records),
  };
}
