import { stat } from "node:fs/promises";
import { usageError } from "../errors.js";
import { linesOf } from "../transfer/index.js";
import { isObject, pushOfLine } from "./journal-line.js";
import type { RecordedPush } from "./pushes.js";

/**
 * Reads the pushes of a file that contains one JSON object, or one per line. Each is the payload of a push or a line of a journal.
 * @throws DevproxyError `usage`, naming the line
 */
export async function* pushesOfFile(path: string): AsyncGenerator<RecordedPush> {
  const at = (await stat(path)).mtime.toISOString();
  let lineNumber = 0;
  let objectCount = 0;
  /** Set if the first line is not JSON: the file may contain one object over several lines. */
  let lines: Buffer[] | undefined;
  for await (const { number, bytes: line = EMPTY } of linesOf(path)) {
    lineNumber = number;
    if (lines !== undefined) lines.push(line);
    else if (!isBlank(line)) {
      const value = parse(line);
      if (value !== undefined && !isObject(value))
        throw usageError(`Line ${lineNumber} of ${path} is not a JSON object.`);
      if (value === undefined && objectCount > 0) throw usageError(`Line ${lineNumber} of ${path} is not JSON.`);
      if (value === undefined) lines = [line];
      else {
        objectCount++;
        const push = pushOfLine(value, line, { label: `line ${lineNumber}`, at });
        if (push !== undefined) yield push;
      }
    }
  }
  if (lines !== undefined) yield pushOfWholeFile(path, Buffer.concat(lines.flatMap((line) => [line, LINE_FEED])), at);
  else if (objectCount === 0) throw usageError(`${path} is empty. Give a push as JSON, or several, one per line.`);
}

function pushOfWholeFile(path: string, text: Buffer, at: string): RecordedPush {
  const value = parse(text);
  if (value === undefined) {
    throw usageError(
      `${path} is not JSON. Give the folder of a journal, or a file with one push as JSON, or one per line.`,
    );
  }
  const push = isObject(value) ? pushOfLine(value, text, { label: "line 1", at }) : undefined;
  if (push === undefined) throw usageError(`${path} contains no push. Give a JSON object, or several, one per line.`);
  return push;
}

const LINE_FEED = Buffer.from("\n");
const EMPTY = Buffer.alloc(0);

function isBlank(line: Buffer): boolean {
  return line.toString("latin1").trim() === "";
}

function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString("utf8").replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
