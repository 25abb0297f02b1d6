import { type Content, type DeliveryHead, JournalError, type RecordLocation } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import { isDropped, type JournalReader, type Row } from "../journal/index.js";

/** Maximum size of the records that are in memory at the same time, bytes. A larger record is alone in memory. */
const MAX_CHUNK_BYTES = 8 * 1024 * 1024;
const MAX_CHUNK_ROWS = 500;

/** A delivery with the app's response, if there was one. */
export interface RecordedDelivery {
  readonly head: DeliveryHead;
  readonly content?: Content;
}

/** A recorded push with its deliveries. */
export interface Exchange {
  readonly row: Row;
  readonly content: Content;
  readonly deliveries: readonly RecordedDelivery[];
}

/** Reads what the exports need. */
type Reader = Pick<JournalReader, "content" | "records">;

/**
 * Reads pushes and their deliveries, in the order of the rows. Only a few megabytes are in memory at the same time. Skips pushes whose
 * record was dropped or is damaged, and deliveries whose response was.
 * @param onDamaged called for each damaged record
 */
export async function* exchangesOf(
  reader: Reader,
  rows: Iterable<Row>,
  onDamaged: (location: RecordLocation) => void = () => undefined,
): AsyncGenerator<Exchange> {
  for (const chunk of chunksOf(rows)) {
    const contents = await readContents(reader, chunk, onDamaged);
    for (const row of chunk) {
      const content = contents.get(keyOf(row.location));
      if (content === undefined) continue;
      const deliveries = row.deliveries.map(({ head, location }): RecordedDelivery => {
        const response = hasResponse(head) ? contents.get(keyOf(location)) : undefined;
        return response === undefined ? { head } : { head, content: response };
      });
      yield { row, content, deliveries };
    }
  }
}

function* chunksOf(rows: Iterable<Row>): Generator<Row[]> {
  let chunk: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = locationsOf(row).reduce((sum, { length }) => sum + length, 0);
    if (chunk.length > 0 && (bytes + size > MAX_CHUNK_BYTES || chunk.length === MAX_CHUNK_ROWS)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

function locationsOf(row: Row): RecordLocation[] {
  const responses = row.deliveries.filter(({ head }) => hasResponse(head));
  return [row.location, ...responses.map(({ location }) => location)];
}

function hasResponse({ status }: DeliveryHead): boolean {
  return status !== undefined;
}

function keyOf({ segment, offset }: RecordLocation): string {
  return `${segment}:${offset}`;
}

/** Reads the records of a chunk, sorted by their position on disk, so that one read returns many of them. */
async function readContents(
  reader: Reader,
  rows: readonly Row[],
  onDamaged: (location: RecordLocation) => void,
): Promise<ReadonlyMap<string, Content>> {
  const locations = rows.flatMap(locationsOf).sort((a, b) => a.segment - b.segment || a.offset - b.offset);
  const contents = new Map<string, Content>();
  try {
    let next = 0;
    for await (const records of reader.records(locations)) {
      for (const record of records) {
        const location = locations[next++] as RecordLocation;
        if (record?.content !== undefined) contents.set(keyOf(location), record.content);
      }
    }
    return contents;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  // One of the records is damaged: read them one by one.
  for (const location of locations) {
    if (contents.has(keyOf(location))) continue;
    try {
      contents.set(keyOf(location), await reader.content(location));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (!isDropped(error)) onDamaged(location);
    }
  }
  return contents;
}

function isUnreadable(error: unknown): boolean {
  return error instanceof JournalError || (error instanceof DevproxyError && error.code === "journal_damaged");
}
