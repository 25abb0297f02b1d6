import { type FileHandle, open } from "node:fs/promises";
import { segmentPath } from "airudder-webhooks/journal";
import type { Row } from "./row.js";

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The rows whose body may contain a text. Searches the bytes of the segments for a part of the text, without parsing any line. This
 * excludes most rows quickly. It never excludes a row whose body contains the text.
 * @param text in lower case
 */
export async function findCandidates(dir: string, rows: readonly Row[], text: string): Promise<Row[]> {
  const plain = longestPlainPart(text);
  if (plain.length < 2) return [...rows];
  const word = new RegExp(plain.replace(/[.+]/g, "\\$&"), "gi");
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.location.segment);
    if (group === undefined) groups.set(row.location.segment, [row]);
    else group.push(row);
  }
  const candidates = new Set<Row>();
  for (const [segment, group] of groups) {
    const file = await open(segmentPath(dir, segment), "r").catch(() => undefined);
    if (file === undefined) {
      for (const row of group) candidates.add(row); // the segment was dropped: the caller finds this out when it reads the push
      continue;
    }
    try {
      // The rows may be in another order than their records: an inbox appends old pushes again.
      group.sort((a, b) => a.location.offset - b.location.offset);
      await searchSegment(file, group, word, candidates);
    } finally {
      await file.close();
    }
  }
  return rows.filter((row) => candidates.has(row));
}

/** Characters that a line may contain in another form, for example escaped. The text is split at them. */
const SPECIAL = /[^a-z0-9 _.:+@-]+/;
/** In a line that matches, all characters may have another form, so its row is always a candidate. */
const UNCERTAIN = /"encoding":"base64"|"content-encoding":|\\\\u00[2-7]/g;

function longestPlainPart(text: string): string {
  return text.split(SPECIAL).reduce((longest, word) => (word.length > longest.length ? word : longest), "");
}

async function searchSegment(
  file: FileHandle,
  rows: readonly Row[],
  word: RegExp,
  candidates: Set<Row>,
): Promise<void> {
  let end = 0;
  let hits: number[] = [];
  let next = 0;
  for (const row of rows) {
    const { offset, length } = row.location;
    if (offset + length > end) {
      const text = await readText(file, offset, Math.max(CHUNK_BYTES, length));
      end = offset + text.length;
      hits = [...text.matchAll(word), ...text.matchAll(UNCERTAIN)]
        .map(({ index }) => offset + index)
        .sort((a, b) => a - b);
      next = 0;
    }
    while ((hits[next] ?? Number.POSITIVE_INFINITY) < offset) next++;
    if ((hits[next] ?? Number.POSITIVE_INFINITY) < offset + length) candidates.add(row);
  }
}

/** Reads bytes as text, one character for each byte. An index in the text is a number of bytes after `offset`. */
async function readText(file: FileHandle, offset: number, length: number): Promise<string> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.toString("latin1", 0, bytesRead);
}
