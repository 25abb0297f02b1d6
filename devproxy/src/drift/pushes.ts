import type { HeaderMap } from "airudder-webhooks/journal";
import { unlessDropped } from "../journal/dropped.js";
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

/** The pushes of a journal's rows, in their order. Those that are dropped from the journal meanwhile are left out. */
export async function* pushesOfRows(reader: Reader, rows: readonly Row[]): AsyncGenerator<RecordedPush> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const some = await Promise.all(
      rows.slice(from, from + AT_ONCE).map(async ({ push, place }) => {
        const content = await unlessDropped(reader.content(place));
        const isCopy = push.replay !== undefined;
        return content && { label: `#${push.seq}`, at: push.at, type: push.type, isCopy, ...content };
      }),
    );
    for (const push of some) if (push !== undefined) yield push;
  }
}
