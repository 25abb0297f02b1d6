import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "./rows.js";

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The rows whose line in the journal may hold a text: a quick look at the bytes, segment by segment, that leaves out most lines and none
 * that matter. What no look can tell stays in.
 */
export async function linesThatMayHold(dir: string, rows: readonly Row[], wanted: string): Promise<Row[]> {
  const word = longestPlainWord(wanted);
  if (word.length < 2) return [...rows];
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.place.segment);
    if (group === undefined) groups.set(row.place.segment, [row]);
    else group.push(row);
  }
  const kept: Row[] = [];
  for (const [segment, group] of groups) {
    const file = await open(join(dir, `${String(segment).padStart(6, "0")}.ndjson`), "r").catch(() => undefined);
    if (file === undefined) continue;
    try {
      await scanSegment(file, group, word, kept);
    } finally {
      await file.close();
    }
  }
  return kept;
}

/** These characters come through a body's encodings as they are; what may not is looked at. */
const SPECIAL = /[^a-z0-9 _.:+@-]+/;
const UNCERTAIN = /"encoding":"base64"|\\\\u00[2-7]/;

function longestPlainWord(text: string): string {
  return text.split(SPECIAL).reduce((longest, word) => (word.length > longest.length ? word : longest), "");
}

async function scanSegment(file: FileHandle, rows: readonly Row[], word: string, kept: Row[]): Promise<void> {
  let chunk = "";
  let start = 0;
  for (const row of rows) {
    const { offset, length } = row.place;
    if (offset + length > start + chunk.length) {
      start = offset;
      chunk = await readLowerCase(file, offset, Math.max(CHUNK_BYTES, length));
    }
    const line = chunk.slice(offset - start, offset - start + length);
    if (line.includes(word) || UNCERTAIN.test(line)) kept.push(row);
  }
}

async function readLowerCase(file: FileHandle, offset: number, length: number): Promise<string> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.toString("latin1", 0, bytesRead).toLowerCase();
}
