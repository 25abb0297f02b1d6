import { createHash } from "node:crypto";
import { JOURNAL_VERSION, JournalError, type ParsedLine, parseLine } from "airudder-webhooks/journal";
import { describeWrongField } from "../journal/index.js";
import type { LeftOut } from "./left-out.js";
import { linesIn } from "./lines.js";
import type { SourceFile } from "./source-file.js";
import type { SourceItem } from "./source-item.js";

/** Maximum length of a line, bytes. A body of 10 MB takes 60 MB if each of its characters is escaped. */
export const MAX_LINE_BYTES = 128 * 1024 * 1024;

/** The first line of a segment is shorter, and contains this word. */
const MAX_SEGMENT_HEAD_BYTES = 4096;
const SEGMENT_WORD = '"segment"';

/**
 * Reads the records of an exported file, or of one segment of a journal. Skips and reports damaged lines. Checks the format of the whole file
 * first, so that nothing is imported from a file in a newer format.
 * @throws JournalError `journal_newer`; DevproxyError `usage`, if the file cannot be read
 */
export async function* ndjsonItems(file: SourceFile, leftOut: LeftOut): AsyncGenerator<SourceItem> {
  for await (const { bytes } of linesIn(file.chunks(), MAX_SEGMENT_HEAD_BYTES))
    if (bytes?.includes(SEGMENT_WORD)) checkVersion(bytes, file.name);
  for await (const { number, bytes } of linesIn(file.chunks(), MAX_LINE_BYTES)) {
    const place = `line ${number}`;
    if (bytes === undefined) leftOut.add(`the line is longer than ${MAX_LINE_BYTES / 1024 / 1024} MB`, place);
    else if (!isBlank(bytes)) {
      const item = itemOf(bytes, place);
      if (typeof item === "string") leftOut.add(item, place);
      else if (item !== undefined) yield item;
    }
  }
}

/** Whether a line is a record of a journal, or the first line of a segment. */
export function isRecordLine(line: Buffer): boolean {
  return unlessDamaged(() => parse(line)) !== undefined;
}

export function isBlank(line: Buffer): boolean {
  return line.toString("latin1").trim() === "";
}

/** A byte order mark is allowed. */
function parse(line: Buffer): ParsedLine | undefined {
  return parseLine(new TextDecoder().decode(line));
}

/** @throws JournalError `journal_newer`, if the line is the first one of a segment in a newer format */
function checkVersion(line: Buffer, name: string): void {
  const head = unlessDamaged(() => parse(line))?.head;
  if (head?.kind !== "segment" || head.version <= JOURNAL_VERSION) return;
  const message = `${name} was written in format ${head.version}; this version reads up to ${JOURNAL_VERSION}. Update the package.`;
  throw new JournalError("journal_newer", message);
}

function unlessDamaged<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** The item of a line, or why it is left out. `undefined` for the first line of a segment. */
function itemOf(line: Buffer, place: string): SourceItem | string | undefined {
  let parsed: ParsedLine | undefined;
  try {
    parsed = parse(line);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return error.message;
    throw error;
  }
  if (parsed === undefined) return "a newer version wrote the record";
  const { head, content } = parsed;
  if (head.kind === "segment") return undefined;
  const problem = describeWrongField(head);
  if (problem !== undefined) return problem;
  if (head.kind !== "push") return { kind: "record", place, head, content };
  if (content === undefined) return "the push has no headers or no body";
  if (createHash("sha256").update(content.body).digest("hex") !== head.sha256)
    return "the body does not match its digest";
  return { kind: "push", place, head, content };
}
