import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";

const NAME = /^(\d{6,})\.ndjson(\.kept)?$/;

/** The file of a segment: `000001.ndjson`, … */
export function segmentPath(dir: string, segment: number): string {
  return join(dir, `${String(segment).padStart(6, "0")}.ndjson`);
}

/** The file of a segment that was dropped while it held lines that nobody understood. */
export function keptPath(dir: string, segment: number): string {
  return `${segmentPath(dir, segment)}.kept`;
}

/** What a folder holds. */
export interface Segments {
  /** The numbers of its segments, oldest first. */
  readonly numbers: number[];
  /** A number above those of all segments, also of those that are kept aside. */
  readonly next: number;
}

/**
 * The segments of a folder; none for a folder that is not there. Only files count, and links to them.
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
