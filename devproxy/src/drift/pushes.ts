import type { HeaderMap, Place } from "airudder-webhooks/journal";
import type { Row } from "../journal/rows.js";
import type { Reader } from "../journal/store.js";

/** A push whose drift is looked for. */
export interface RecordedPush {
  /** How it is named to people: `#12`, `line 12`. */
  readonly label: string;
  /** When it came, ISO 8601. */
  readonly at: string;
  /** The type that it was recorded with; without one, its shape decides. */
  readonly type?: string;
  /** Whether it is a replay or a test push of `doctor`, so that it does not show what Airudder sends. */
  readonly isCopy?: boolean;
  readonly headers: HeaderMap;
  readonly body: Buffer;
}

/**
 * The pushes of a journal's rows, in their order. Leaves out pushes that are dropped from the journal meanwhile.
 * @param onRead called after each row, with the number of rows so far
 */
export async function* pushesOfRows(
  reader: Reader,
  rows: readonly Row[],
  onRead: (count: number) => void = () => undefined,
): AsyncGenerator<RecordedPush> {
  let count = 0;
  for await (const content of reader.contents(placesOf(rows))) {
    const { push } = rows[count++] as Row;
    onRead(count);
    if (content === undefined) continue;
    yield { label: `#${push.seq}`, at: push.at, type: push.type, isCopy: push.replay !== undefined, ...content };
  }
}

function* placesOf(rows: readonly Row[]): Generator<Place> {
  for (const { place } of rows) yield place;
}
