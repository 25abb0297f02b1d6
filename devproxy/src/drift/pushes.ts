import type { Content, HeaderMap, JournalRecord, PushHead, RecordLocation } from "airudder-webhooks/journal";
import type { JournalReader, Row } from "../journal/index.js";

/** A push to compare with its schema. */
export interface RecordedPush {
  /** How reports name it: `#12`, `line 12`. */
  readonly label: string;
  /** When it was received, ISO 8601. */
  readonly at: string;
  /** The type that it was recorded with. If absent, the type is identified by the payload's shape. */
  readonly type?: string;
  /** Whether it is a replay or a test push of `doctor`. Such a push does not show what Airudder sends. */
  readonly isReplay?: boolean;
  readonly headers: HeaderMap;
  readonly body: Buffer;
}

/**
 * Reads the pushes of a journal's rows, in their order. Each element contains the pushes of one read. Skips pushes that are dropped from the
 * journal meanwhile.
 * @param onRead called after each read, with the number of rows so far
 */
export async function* pushesOfRows(
  reader: Pick<JournalReader, "records">,
  rows: readonly Row[],
  onRead: (count: number) => void = () => undefined,
): AsyncGenerator<Iterable<RecordedPush>> {
  let count = 0;
  for await (const records of reader.records(locationsOf(rows))) {
    yield recordedPushes(records, () => count++);
    onRead(count);
  }
}

function* recordedPushes(records: Iterable<JournalRecord | undefined>, onRecord: () => void): Generator<RecordedPush> {
  for (const record of records) {
    onRecord();
    if (record !== undefined) yield recordedPush(record);
  }
}

function recordedPush({ head, content = NO_CONTENT }: JournalRecord): RecordedPush {
  const { seq, at, type, replay } = head as PushHead;
  return { label: `#${seq}`, at, type, isReplay: replay !== undefined, headers: content.headers, body: content.body };
}

const NO_CONTENT: Content = { headers: {}, body: Buffer.alloc(0) };

function* locationsOf(rows: readonly Row[]): Generator<RecordLocation> {
  for (const { location } of rows) yield location;
}
