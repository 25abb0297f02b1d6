import { type FileHandle, open } from "node:fs/promises";
import { segmentPath } from "airudder-webhooks/journal";
import type { Row } from "./journal-index.js";

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The rows whose line in the journal may hold a text: a quick look at the bytes, segment by segment, that leaves out most lines and none
 * that matter. What no look can tell stays in.
 */
export async function findCandidates(dir: string, rows: readonly Row[], wanted: string): Promise<Row[]> {
  const plain = longestPlainWord(wanted);
  if (plain.length < 2) return [...rows];
  const word = new RegExp(plain.replace(/[.+]/g, "\\$&"), "gi");
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.location.segment);
    if (group === undefined) groups.set(row.location.segment, [row]);
    else group.push(row);
  }
  const kept = new Set<Row>();
  for (const [segment, group] of groups) {
    const file = await open(segmentPath(dir, segment), "r").catch(() => undefined);
    if (file === undefined) {
      for (const row of group) kept.add(row); // dropped meanwhile: the caller notices and counts it when it reads the push
      continue;
    }
    try {
      // A row's place in its segment is no matter of its age: an inbox carries old pushes over.
      group.sort((a, b) => a.location.offset - b.location.offset);
      await scanSegment(file, group, word, kept);
    } finally {
      await file.close();
    }
  }
  return rows.filter((row) => kept.has(row));
}

/** These characters come through a body's encodings as they are; a line where they might not is looked at in any case. */
const SPECIAL = /[^a-z0-9 _.:+@-]+/;
const UNCERTAIN = /"encoding":"base64"|"content-encoding":|\\\\u00[2-7]/g;

function longestPlainWord(text: string): string {
  return text.split(SPECIAL).reduce((longest, word) => (word.length > longest.length ? word : longest), "");
}

async function scanSegment(file: FileHandle, rows: readonly Row[], word: RegExp, kept: Set<Row>): Promise<void> {
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
    if ((hits[next] ?? Number.POSITIVE_INFINITY) < offset + length) kept.add(row);
  }
}

/** A character a byte, so that places in the text are places in the file. */
async function readText(file: FileHandle, offset: number, length: number): Promise<string> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.toString("latin1", 0, bytesRead);
}
