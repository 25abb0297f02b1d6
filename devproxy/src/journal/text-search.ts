import { parsePush } from "airudder-webhooks";
import type { Content } from "airudder-webhooks/journal";
import { unlessDropped } from "./dropped.js";
import type { Row } from "./row.js";
import type { JournalReader } from "./store.js";
import { findCandidates } from "./text-candidates.js";

/** Number of bodies to read in parallel. */
const PARALLEL_READS = 32;

/**
 * The rows whose body contains a text. Ignores case. Also finds text that is escaped in JSON, or in a compressed body.
 * @param max maximum number of rows; the newest are returned
 */
export async function rowsWithText(
  reader: JournalReader,
  rows: readonly Row[],
  text: string,
  max: number,
): Promise<Row[]> {
  const wanted = text.toLowerCase();
  const candidates = await findCandidates(reader.dir, rows, wanted);
  const found: Row[] = [];
  for (let end = candidates.length; end > 0 && found.length < max; end -= PARALLEL_READS) {
    const batch = candidates.slice(Math.max(0, end - PARALLEL_READS), end);
    const contains = await Promise.all(
      batch.map(async ({ location }) => {
        const content = await unlessDropped(reader.content(location));
        return content !== undefined && containsText(textOf(content), wanted);
      }),
    );
    found.unshift(...batch.filter((_, i) => contains[i]));
  }
  return found.slice(-max);
}

/** The text of a body. Decompresses a compressed body, if possible. */
function textOf({ headers, body }: Content): string {
  if (headers["content-encoding"] === undefined) return body.toString();
  try {
    return parsePush(body, headers).raw.toString();
  } catch {
    return body.toString();
  }
}

function containsText(body: string, wanted: string): boolean {
  return body.toLowerCase().includes(wanted) || (body.includes("\\") && unescaped(body).toLowerCase().includes(wanted));
}

function unescaped(body: string): string {
  return body
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["\\/])/g, "$1");
}
