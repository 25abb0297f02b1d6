import { type FileHandle, open, readdir, rm } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type SegmentSummary, segmentNumber, segmentPath } from "airudder-webhooks/journal";
import { writePrivateFile } from "../../config/index.js";
import type { SharedStrings } from "./object-packer.js";
import { type Columns, PackedSegment } from "./packed-segment.js";

/**
 * The index file of a segment, `000001.index` beside `000001.ndjson`. It saves reading the segment; the segment stays the source of truth.
 * An index file is ignored if it is damaged, has another version, or its segment has changed. The next owner of the lock writes missing and
 * ignored index files again. Readers without the lock never write one.
 *
 * The first line is a header: JSON, padded with spaces to a multiple of 8 bytes. `crc` is the CRC-32 of the body. `size`, `mtime` and
 * `edges` (the CRC-32 of the first and the last 4 KB) show whether the segment has changed.
 *
 * The body contains the columns of the pack (`Columns`, in the byte order that the header names), the packed heads, and a JSON object:
 * the strings that the heads share, and the segment's summary.
 */

/** Version of the format. */
const VERSION = 1;
const EDGE_BYTES = 4096;
const EXTENSION = ".index";
const ALIGNMENT = 8;
/** Maximum length of a header. */
const MAX_HEADER_BYTES = 1024;

/** Shows whether a segment's file has changed. */
interface Identity {
  size: number;
  mtime: string;
  edges: number;
}

interface Header extends Identity {
  kind: "index";
  version: number;
  endianness: string;
  /** Number of the segment's bytes that belong to the journal; `null` if no takeover limited the segment. */
  end: number | null;
  /** Number of pushes. */
  pushes: number;
  /** Number of records, including pushes. */
  records: number;
  /** Size of the packed heads, bytes. */
  heads: number;
  crc: number;
}

function indexPath(dir: string, segment: number): string {
  return segmentPath(dir, segment, EXTENSION);
}

/** Reads the index file of a segment; `undefined` if there is none that matches the segment. */
export async function readIndexFile(
  dir: string,
  segment: number,
  end: number | undefined,
): Promise<PackedSegment | undefined> {
  try {
    const file = await open(indexPath(dir, segment), "r");
    let bytes: Buffer;
    try {
      bytes = await readWhole(file);
    } finally {
      await file.close();
    }
    const length = bytes.indexOf("\n") + 1;
    if (length === 0 || length > MAX_HEADER_BYTES || length % ALIGNMENT !== 0) return undefined;
    const header = JSON.parse(bytes.toString("utf8", 0, length)) as Header;
    const isCurrent = header.kind === "index" && header.version === VERSION && header.endianness === endianness();
    if (!isCurrent || header.end !== (end ?? null)) return undefined;
    const now = await identify(dir, segment);
    if (header.size !== now.size || header.mtime !== now.mtime || header.edges !== now.edges) return undefined;
    return crc32(bytes.subarray(length)) === header.crc ? unpack(header, bytes, length, segment) : undefined;
  } catch {
    return undefined; // the segment is read instead
  }
}

/** Reads a file into a buffer of its own: in the buffer pool, the columns would not be aligned. */
async function readWhole(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let filled = 0; filled < size; ) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

function unpack(
  { pushes, records, heads }: Header,
  bytes: Buffer,
  start: number,
  segment: number,
): PackedSegment | undefined {
  let at = bytes.byteOffset + start;
  const take = (size: number): number => {
    const from = at;
    at += size;
    return from;
  };
  const { buffer } = bytes;
  const columns: Columns = {
    seqs: new Float64Array(buffer, take(8 * pushes), pushes),
    hashes: new Float64Array(buffer, take(8 * pushes), pushes),
    offsets: new Uint32Array(buffer, take(4 * records), records),
    lengths: new Uint32Array(buffer, take(4 * records), records),
    starts: new Uint32Array(buffer, take(4 * records), records),
    pushOrdinals: new Int32Array(buffer, take(4 * records), records),
    nextRecords: new Int32Array(buffer, take(4 * records), records),
    kinds: new Uint8Array(buffer, take(records), records),
  };
  const packed = Buffer.from(buffer, take(heads), heads);
  const rest = JSON.parse(bytes.toString("utf8", at - bytes.byteOffset)) as {
    shared: SharedStrings;
    summary: SegmentSummary;
  };
  return rest.summary.segment === segment ? new PackedSegment(rest.summary, columns, packed, rest.shared) : undefined;
}

/** Writes the index file of a closed segment, unless the size of the segment's file differs from what was indexed. */
export async function writeIndexFile(dir: string, pack: PackedSegment): Promise<void> {
  const { summary, columns, heads, shared } = pack;
  const identity = await identify(dir, summary.segment);
  if (summary.end === undefined && identity.size !== summary.bytes + summary.tornBytes) return;
  const { seqs, hashes, offsets, lengths, starts, pushOrdinals, nextRecords, kinds } = columns;
  const body = Buffer.concat([
    ...[seqs, hashes, offsets, lengths, starts, pushOrdinals, nextRecords, kinds].map(bytesOf),
    heads,
    Buffer.from(JSON.stringify({ shared, summary })),
  ]);
  const header: Header = {
    kind: "index",
    version: VERSION,
    endianness: endianness(),
    end: summary.end ?? null,
    ...identity,
    pushes: seqs.length,
    records: kinds.length,
    heads: heads.length,
    crc: crc32(body),
  };
  const text = JSON.stringify(header);
  const padding = " ".repeat((2 * ALIGNMENT - 1 - (text.length % ALIGNMENT)) % ALIGNMENT);
  const line = Buffer.from(`${text}${padding}\n`);
  await writePrivateFile(indexPath(dir, summary.segment), Buffer.concat([line, body]));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

async function identify(dir: string, segment: number): Promise<Identity> {
  const file = await open(segmentPath(dir, segment), "r");
  try {
    const { size, mtimeNs } = await file.stat({ bigint: true });
    const bytes = Buffer.alloc(2 * EDGE_BYTES);
    await file.read(bytes, 0, EDGE_BYTES, 0);
    await file.read(bytes, EDGE_BYTES, EDGE_BYTES, Math.max(0, Number(size) - EDGE_BYTES));
    return { size: Number(size), mtime: String(mtimeNs), edges: crc32(bytes) };
  } finally {
    await file.close();
  }
}

/** Removes the index file of a segment. */
export function removeIndexFile(dir: string, segment: number): Promise<void> {
  return rm(indexPath(dir, segment), { force: true });
}

/** Removes index files of segments that no longer exist. */
export async function removeStrayIndexFiles(dir: string, segments: ReadonlySet<number>): Promise<void> {
  for (const name of await readdir(dir)) {
    const segment = segmentNumber(name, EXTENSION);
    if (segment !== undefined && !segments.has(segment)) await rm(join(dir, name), { force: true });
  }
}
