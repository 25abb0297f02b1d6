import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";

const NAME = /^(\d{6,})\.ndjson$/;

/** The file of a segment: `000001.ndjson`, … */
export function segmentPath(dir: string, segment: number): string {
  return join(dir, `${String(segment).padStart(6, "0")}.ndjson`);
}

/**
 * The numbers of a folder's segments, oldest first; none for a folder that is not there.
 * @throws JournalError `journal_unreadable`
 */
export async function listSegments(dir: string): Promise<number[]> {
  try {
    const files = await readdir(dir, { withFileTypes: true });
    return files
      .flatMap((file) => (file.isDirectory() ? [] : (NAME.exec(file.name)?.[1] ?? [])))
      .map(Number)
      .sort((a, b) => a - b);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new JournalError("journal_unreadable", `The journal ${dir} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
