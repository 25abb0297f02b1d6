import type { Row } from "./rows.js";
import type { Reader } from "./store.js";

const AT_ONCE = 32;

/** The rows whose body holds a text, upper and lower case alike. A text behind JSON escapes is found too. */
export async function holdsText(reader: Reader, rows: readonly Row[], text: string): Promise<Row[]> {
  const wanted = text.toLowerCase();
  const found: boolean[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < rows.length; i = next++) {
      const { body } = await reader.content((rows[i] as Row).place);
      found[i] = matches(body.toString("utf8"), wanted);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rows.filter((_, i) => found[i]);
}

function matches(body: string, wanted: string): boolean {
  return body.toLowerCase().includes(wanted) || (body.includes("\\") && unescaped(body).toLowerCase().includes(wanted));
}

function unescaped(body: string): string {
  return body
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["\\/])/g, "$1");
}
