import { parsePush } from "airudder-webhooks";
import type { Content } from "airudder-webhooks/journal";
import { unlessDropped } from "./dropped.js";
import type { Row } from "./journal-index.js";
import type { JournalReader } from "./store.js";
import { findCandidates } from "./text-candidates.js";

const AT_ONCE = 32;

/**
 * The rows whose body holds a text, upper and lower case alike. A text behind JSON escapes is found too, and one in a compressed push.
 * @param most only so many, the newest
 */
export async function rowsWithText(
  reader: JournalReader,
  rows: readonly Row[],
  text: string,
  most: number,
): Promise<Row[]> {
  const wanted = text.toLowerCase();
  const candidates = await findCandidates(reader.dir, rows, wanted);
  const found: Row[] = [];
  for (let end = candidates.length; end > 0 && found.length < most; end -= AT_ONCE) {
    const some = candidates.slice(Math.max(0, end - AT_ONCE), end);
    const holds = await Promise.all(
      some.map(async ({ location }) => {
        const content = await unlessDropped(reader.content(location));
        return content !== undefined && matches(textOf(content), wanted);
      }),
    );
    found.unshift(...some.filter((_, location) => holds[location]));
  }
  return found.slice(-most);
}

/** A body's text, inflated where it is a push; what cannot be inflated is read as it came. */
function textOf({ headers, body }: Content): string {
  if (headers["content-encoding"] === undefined) return body.toString();
  try {
    return parsePush(body, headers).raw.toString();
  } catch {
    return body.toString();
  }
}

function matches(body: string, wanted: string): boolean {
  return body.toLowerCase().includes(wanted) || (body.includes("\\") && unescaped(body).toLowerCase().includes(wanted));
}

function unescaped(body: string): string {
  return body
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["\\/])/g, "$1");
}
