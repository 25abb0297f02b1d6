import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";

const NAME = /^(\d{6,})\.ndjson(\.kept)?$/;

/** The file of a segment: `000001.ndjson`, … */
export function segmentPath(dir: string, segment: number): string {
  return join(dir, `${String(segment).padStart(6, "0")}.ndjson`);
}

/** The file of a dropped segment that contains damaged or unknown records. */
export function keptPath(dir: string, segment: number): string {
  return `${segmentPath(dir, segment)}.kept`;
}

/** The segments of a folder. */
export interface Segments {
  /** The numbers of its segments, oldest first. */
  readonly numbers: number[];
  /** The next free number, above those of all segments and of all `.kept` files. */
  readonly next: number;
}

/**
 * Lists the segments of a folder: files and symbolic links. Empty if the folder does not exist.
 * @throws JournalError `journal_unreadable`
 */
export async function listSegments(dir: string): Promise<Segments> {
  try {
    const numbers: number[] = [];
    let next = 1;
    for (const file of await readdir(dir, { withFileTypes: true })) {
      const [, digits, kept] = NAME.exec(file.name) ?? [];
      if (digits === undefined || !(file.isFile() || file.isSymbolicLink())) continue;
      next = Math.max(next, Number(digits) + 1);
      if (kept === undefined) numbers.push(Number(digits));
    }
    return { numbers: numbers.sort((a, b) => a - b), next };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { numbers: [], next: 1 };
    throw new JournalError("journal_unreadable", `The journal ${dir} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
