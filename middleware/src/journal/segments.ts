import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";

/** Extension of a segment's file. */
const SEGMENT_EXTENSION = ".ndjson";
/** Extension of the file of a dropped segment that contains damaged or unknown records. */
const KEPT_EXTENSION = ".ndjson.kept";

const NUMBER = /^\d{6,}$/;

/**
 * The path of a segment's file: its number with at least six digits, and an extension.
 * @param segment number of the segment, from 1
 * @param extension default: `.ndjson`, the segment itself. Use another one for a file that belongs to the segment
 * @example segmentPath(".airudder", 7) // ".airudder/000007.ndjson"
 */
export function segmentPath(dir: string, segment: number, extension = SEGMENT_EXTENSION): string {
  return join(dir, `${String(segment).padStart(6, "0")}${extension}`);
}

/** The file of a dropped segment that contains damaged or unknown records. */
export function keptPath(dir: string, segment: number): string {
  return segmentPath(dir, segment, KEPT_EXTENSION);
}

/**
 * The number of the segment that a file belongs to; `undefined` for all other files. The reverse of `segmentPath`.
 * @param name name of the file, without its folder
 * @param extension default: `.ndjson`, the segment itself
 * @example segmentNumber("000007.ndjson") // 7
 */
export function segmentNumber(name: string, extension = SEGMENT_EXTENSION): number | undefined {
  if (!name.endsWith(extension)) return undefined;
  const digits = name.slice(0, -extension.length);
  return NUMBER.test(digits) ? Number(digits) : undefined;
}

/** The segments of a folder. */
export interface SegmentNumbers {
  /** The numbers of its segments, oldest first. */
  readonly numbers: number[];
  /** The next free number, above those of all segments and of all `.kept` files. */
  readonly next: number;
}

/**
 * Finds the segments of a folder: files and symbolic links. None if the folder does not exist.
 * @throws JournalError `journal_unreadable`
 */
export async function findSegments(dir: string): Promise<SegmentNumbers> {
  try {
    const numbers: number[] = [];
    let next = 1;
    for (const file of await readdir(dir, { withFileTypes: true })) {
      if (!(file.isFile() || file.isSymbolicLink())) continue;
      const segment = segmentNumber(file.name);
      if (segment !== undefined) numbers.push(segment);
      next = Math.max(next, (segment ?? segmentNumber(file.name, KEPT_EXTENSION) ?? 0) + 1);
    }
    return { numbers: numbers.sort((a, b) => a - b), next };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { numbers: [], next: 1 };
    throw new JournalError("journal_unreadable", `The journal ${dir} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Lists the numbers of the segments in a folder, oldest first. Empty if the folder contains none or does not exist.
 * @throws JournalError `journal_unreadable`, if the folder cannot be listed
 * @example const isJournal = (await listSegments(".airudder")).length > 0;
 */
export async function listSegments(dir: string): Promise<number[]> {
  return (await findSegments(dir)).numbers;
}
