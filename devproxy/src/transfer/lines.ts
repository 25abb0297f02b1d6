import { createReadStream } from "node:fs";
import { usageError } from "../errors.js";

/** A line of a file or a stream. */
export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Without the line feed. Absent if the line is longer than the limit. */
  readonly bytes?: Buffer;
}

/**
 * Reads the lines of a file. Splits only at line feeds, since JSON strings may contain other line terminators.
 * @param maxBytes maximum length of a line. A longer one is read without being kept in memory. Default: no limit
 * @throws DevproxyError `usage`, if the file cannot be read
 */
export function linesOf(path: string, maxBytes?: number): AsyncGenerator<FileLine> {
  return linesIn(chunksOf(path), maxBytes);
}

/** Splits bytes into lines, as {@link linesOf} does. */
export async function* linesIn(
  chunks: AsyncIterable<Buffer>,
  maxBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<FileLine> {
  let pieces: Buffer[] = [];
  let length = 0;
  let number = 1;
  const add = (piece: Buffer) => {
    length += piece.length;
    if (length > maxBytes) pieces = [];
    else pieces.push(piece);
  };
  const line = (): FileLine => {
    const found = length > maxBytes ? { number } : { number, bytes: Buffer.concat(pieces) };
    pieces = [];
    length = 0;
    number++;
    return found;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      add(chunk.subarray(from, end));
      yield line();
      from = end + 1;
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield line();
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw usageError(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`);
  }
}
