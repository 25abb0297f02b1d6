import { readFile, stat } from "node:fs/promises";
import { usageError } from "../errors.js";
import { folderItems } from "./import-folder.js";
import { harEntries, harItems } from "./import-har.js";
import { isBlank, isRecordLine, MAX_LINE_BYTES, ndjsonItems } from "./import-ndjson.js";
import type { LeftOut } from "./left-out.js";
import { linesOf } from "./lines.js";
import type { SourceItem } from "./source-item.js";

/** Maximum size of a HAR file, or of a file with one body. Bytes. Such a file is parsed as a whole. */
const MAX_WHOLE_BYTES = 256 * 1024 * 1024;

/**
 * Reads what can be imported from a path: a HAR file, a file with lines of a journal, the folder of a journal, or a file with the JSON body of
 * one push. Skips what cannot be read.
 * @param leftOut receives what is skipped
 * @throws DevproxyError `usage` for any other path, `journal_damaged` for a journal without a readable push; JournalError
 * `journal_unreadable`, `journal_newer`
 */
export async function* itemsAt(path: string, leftOut: LeftOut): AsyncGenerator<SourceItem> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`;
    throw usageError(`${path} ${why}. Give a file or a folder to import.`);
  });
  if (found.isDirectory()) return yield* folderItems(path, leftOut);
  if (await hasRecord(path, { firstLineOnly: true })) return yield* ndjsonItems(path, leftOut);
  const bytes = found.size > MAX_WHOLE_BYTES ? undefined : await read(path);
  const value = bytes && parse(bytes);
  if (bytes === undefined || value === undefined) {
    if (await hasRecord(path)) return yield* ndjsonItems(path, leftOut);
    if (bytes !== undefined)
      throw usageError(
        `${path} is not complete JSON. Give a HAR file, a file with lines of a journal, the folder of a journal, or the JSON body of one push.`,
      );
    throw usageError(
      `${path} is larger than ${MAX_WHOLE_BYTES / 1024 / 1024} MB, the maximum for HAR. Split it, or export it as ndjson.`,
    );
  }
  const at = found.mtime.toISOString();
  const entries = harEntries(value);
  if (entries !== undefined) yield* harItems(entries, at, leftOut);
  else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const headers = { "content-type": "application/json" };
    yield { kind: "push", place: path, head: { at, method: "POST", url: "/" }, content: { headers, body: bytes } };
  } else throw usageError(`${path} contains neither a HAR log nor a JSON object, so there is nothing to import.`);
}

/** Whether a line of the file is a record of a journal. */
async function hasRecord(path: string, { firstLineOnly = false } = {}): Promise<boolean> {
  for await (const { bytes } of linesOf(path, MAX_LINE_BYTES)) {
    if (bytes === undefined || isBlank(bytes)) continue;
    if (isRecordLine(bytes)) return true;
    if (firstLineOnly) return false;
  }
  return false;
}

async function read(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${path} cannot be read (${error.code}).`);
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString().replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
