import type { HeaderMap } from "airudder-webhooks/journal";
import type { Row } from "../journal/rows.js";
import type { Reader } from "../journal/store.js";

/** A push whose drift is looked for. */
export interface RecordedPush {
  /** How it is named to people: `#12`, `line 12`. */
  readonly label: string;
  /** When it came, ISO 8601. */
  readonly at: string;
  /** The type it was recorded with; told by its shape when there is none. */
  readonly type?: string;
  /** It plays a recorded push again, or is a test push of `doctor`: what Airudder sends is not told by it. */
  readonly isCopy?: boolean;
  readonly headers: HeaderMap;
  readonly body: Buffer;
}

/** So many bodies are read from the disk at once. */
const AT_ONCE = 32;

/** The pushes of a journal's rows, in their order. */
export async function* pushesOfRows(reader: Reader, rows: readonly Row[]): AsyncGenerator<RecordedPush> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    yield* await Promise.all(
      rows.slice(from, from + AT_ONCE).map(async ({ push, place }) => {
        const { headers, body } = await reader.content(place);
        const isCopy = push.replay !== undefined;
        return { label: `#${push.seq}`, at: push.at, type: push.type, isCopy, headers, body };
      }),
    );
  }
}
