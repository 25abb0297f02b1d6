import { createHash } from "node:crypto";
import { JOURNAL_VERSION, JournalError, type ParsedLine, parseLine } from "airudder-webhooks/journal";
import { describeWrongField } from "../journal/index.js";
import type { LeftOut } from "./left-out.js";
import { linesOf } from "./lines.js";
import type { SourceItem } from "./source-item.js";

/** Maximum length of a line, bytes. A body of 10 MB takes 60 MB if each of its characters is escaped. */
export const MAX_LINE_BYTES = 128 * 1024 * 1024;

/**
 * Reads the records of an exported file, or of one segment of a journal. Skips and reports damaged lines.
 * @throws JournalError `journal_newer`; DevproxyError `usage`, if the file cannot be read
 */
export async function* ndjsonItems(path: string, leftOut: LeftOut): AsyncGenerator<SourceItem> {
  for await (const { number, bytes } of linesOf(path, MAX_LINE_BYTES)) {
    const place = `line ${number}`;
    if (bytes === undefined) leftOut.add(`the line is longer than ${MAX_LINE_BYTES / 1024 / 1024} MB`, place);
    else if (!isBlank(bytes)) {
      const item = itemOf(bytes, place, path);
      if (typeof item === "string") leftOut.add(item, place);
      else if (item !== undefined) yield item;
    }
  }
}

/** Whether a line is a record of a journal, or the first line of a segment. */
export function isRecordLine(line: Buffer): boolean {
  try {
    return parse(line) !== undefined;
  } catch {
    return false;
  }
}

export function isBlank(line: Buffer): boolean {
  return line.toString("latin1").trim() === "";
}

/** A byte order mark is allowed. */
function parse(line: Buffer): ParsedLine | undefined {
  return parseLine(new TextDecoder().decode(line));
}

/** The item of a line, or why it is left out. `undefined` for the first line of a segment. */
function itemOf(line: Buffer, place: string, path: string): SourceItem | string | undefined {
  let parsed: ParsedLine | undefined;
  try {
    parsed = parse(line);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return error.message;
    throw error;
  }
  if (parsed === undefined) return "a newer version wrote the record";
  const { head, content } = parsed;
  if (head.kind === "segment") {
    if (head.version <= JOURNAL_VERSION) return undefined;
    const message = `The file ${path} was written in format ${head.version}; this version reads up to ${JOURNAL_VERSION}. Update the package.`;
    throw new JournalError("journal_newer", message);
  }
  const problem = describeWrongField(head);
  if (problem !== undefined) return problem;
  if (head.kind !== "push") return { kind: "record", place, head, content };
  if (content === undefined) return "the push has no headers or no body";
  if (createHash("sha256").update(content.body).digest("hex") !== head.sha256)
    return "the body does not match its digest";
  return { kind: "push", place, head, content };
}
