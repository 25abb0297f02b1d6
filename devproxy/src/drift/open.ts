import { stat } from "node:fs/promises";
import { listSegments } from "airudder-webhooks/journal";
import { usageError } from "../errors.js";
import { openSnapshot, type StoreOptions } from "../journal/index.js";
import { pushesOfFile } from "./file.js";
import { pushesOfRows, type RecordedPush } from "./pushes.js";

/**
 * Reads the pushes of a journal's folder, or of a file that contains one push as JSON, or one per line.
 * @param options.onDamage called for each damaged line of a journal, which is skipped
 * @throws DevproxyError `usage` for a path that contains no pushes; JournalError `journal_unreadable`, `journal_newer`
 */
export async function* pushesAt(
  path: string,
  options: Pick<StoreOptions, "onDamage"> = {},
): AsyncGenerator<RecordedPush> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const why = found.code === "ENOENT" ? "does not exist" : `cannot be read (${found.code})`;
    throw usageError(`${path} ${why}. Give the folder of a journal, or a file with one push as JSON, or one per line.`);
  }
  if (!found.isDirectory()) return yield* pushesOfFile(path);
  // If the folder cannot be listed, reading the journal reports why.
  const segments = await listSegments(path).catch(() => undefined);
  if (segments?.length === 0) {
    throw usageError(`The folder ${path} is not a journal: it contains no 000001.ndjson.`);
  }
  const reader = await openSnapshot(path, options);
  for await (const pushes of pushesOfRows(reader, reader.index.rows)) yield* pushes;
}
