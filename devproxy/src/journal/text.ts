import type { Row } from "./rows.js";
import { linesThatMayHold } from "./scan.js";
import type { Reader } from "./store.js";

const AT_ONCE = 32;

/**
 * The rows whose body holds a text, upper and lower case alike. A text behind JSON escapes is found too.
 * @param most only so many, the newest
 */
export async function holdsText(reader: Reader, rows: readonly Row[], text: string, most: number): Promise<Row[]> {
  const wanted = text.toLowerCase();
  const candidates = await linesThatMayHold(reader.dir, rows, wanted);
  const found: Row[] = [];
  for (let end = candidates.length; end > 0 && found.length < most; end -= AT_ONCE) {
    const some = candidates.slice(Math.max(0, end - AT_ONCE), end);
    const bodies = await Promise.all(
      some.map(async ({ place }) => (await reader.content(place)).body.toString("utf8")),
    );
    found.unshift(...some.filter((_, place) => matches(bodies[place] as string, wanted)));
  }
  return found.slice(-most);
}

function matches(body: string, wanted: string): boolean {
  return body.toLowerCase().includes(wanted) || (body.includes("\\") && unescaped(body).toLowerCase().includes(wanted));
}

function unescaped(body: string): string {
  return body
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["\\/])/g, "$1");
}
