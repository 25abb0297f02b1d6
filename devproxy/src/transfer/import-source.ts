import { stat } from "node:fs/promises";
import { usageError } from "../errors.js";
import { folderItems } from "./import-folder.js";
import { harEntries, harItems } from "./import-har.js";
import { isBlank, isRecordLine, MAX_LINE_BYTES, ndjsonItems } from "./import-ndjson.js";
import type { LeftOut } from "./left-out.js";
import { linesIn } from "./lines.js";
import { openSource, type SourceFile, STANDARD_INPUT } from "./source-file.js";
import type { SourceItem } from "./source-item.js";

/** Maximum size of a HAR file, or of a file with one body. Bytes. Such a file is parsed as a whole. */
const MAX_WHOLE_BYTES = 256 * 1024 * 1024;

/**
 * Reads what can be imported from a path: a HAR file, a file with lines of a journal, the folder of a journal, or a file with the JSON body of
 * one push. Skips what cannot be read. Reads a pipe, too.
 * @param path `-` for standard input
 * @param leftOut receives what is skipped
 * @throws DevproxyError `usage` for any other path, `journal_damaged` for a journal without a readable push; JournalError
 * `journal_unreadable`, `journal_newer`
 */
export async function* itemsAt(path: string, leftOut: LeftOut): AsyncGenerator<SourceItem> {
  if (path !== STANDARD_INPUT && (await isFolder(path))) return yield* folderItems(path, leftOut);
  const file = await openSource(path);
  try {
    yield* fileItems(file, leftOut);
  } finally {
    await file.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`;
    throw usageError(`${path} ${why}. Give a file or a folder to import.`);
  });
  return found.isDirectory();
}

async function* fileItems(file: SourceFile, leftOut: LeftOut): AsyncGenerator<SourceItem> {
  const { name } = file;
  if (await hasRecord(file, { firstLineOnly: true })) return yield* ndjsonItems(file, leftOut);
  const bytes = file.size > MAX_WHOLE_BYTES ? undefined : await read(file);
  const value = bytes && parse(bytes);
  if (bytes === undefined || value === undefined) {
    if (await hasRecord(file)) return yield* ndjsonItems(file, leftOut);
    if (bytes !== undefined)
      throw usageError(
        `${name} is not complete JSON. Give a HAR file, a file with lines of a journal, the folder of a journal, or the JSON body of one push.`,
      );
    throw usageError(
      `${name} is larger than ${MAX_WHOLE_BYTES / 1024 / 1024} MB, the maximum for HAR. Split it, or export it as ndjson.`,
    );
  }
  const at = file.modifiedAt.toISOString();
  const entries = harEntries(value);
  if (entries !== undefined) yield* harItems(entries, at, leftOut);
  else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const headers = { "content-type": "application/json" };
    yield { kind: "push", place: name, head: { at, method: "POST", url: "/" }, content: { headers, body: bytes } };
  } else throw usageError(`${name} contains neither a HAR log nor a JSON object, so there is nothing to import.`);
}

/** Whether a line of the file is a record of a journal. */
async function hasRecord(file: SourceFile, { firstLineOnly = false } = {}): Promise<boolean> {
  for await (const { bytes } of linesIn(file.chunks(), MAX_LINE_BYTES)) {
    if (bytes === undefined || isBlank(bytes)) continue;
    if (isRecordLine(bytes)) return true;
    if (firstLineOnly) return false;
  }
  return false;
}

async function read(file: SourceFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString().replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
