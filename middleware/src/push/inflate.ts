import {
  brotliDecompress,
  brotliDecompressSync,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
} from "node:zlib";
import { AirudderError, tooLarge } from "../errors.js";

/** Raw deflate is sent by some in place of zlib's, whose first byte ends in 8. */
function isRawDeflate(body: Buffer): boolean {
  return ((body[0] ?? 8) & 0x0f) !== 8;
}

function failure(error: unknown, limit: number): AirudderError {
  const isBomb = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
  return isBomb ? tooLarge(limit) : new AirudderError("malformed_json", "The body cannot be decompressed.");
}

/** Whether a body has to be inflated. */
export function isEncoded(encoding: string | undefined): encoding is string {
  return encoding !== undefined && encoding !== "" && encoding.toLowerCase() !== "identity";
}

/** Inflating shares its threads with the writing of files: a flood of bombs must leave some for the inbox. */
const MOST_AT_ONCE = 2;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * The body without its content encoding. Stops at `limit` bytes, whatever the encoding promises.
 * @throws AirudderError `too_large`, `malformed_json`
 */
export function inflateBody(body: Buffer, encoding: string, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const run = (): void => {
      running++;
      start(body, encoding.toLowerCase(), limit, (error, result) => {
        running--;
        waiting.shift()?.();
        if (error === null) resolve(result);
        else reject(failure(error, limit));
      });
    };
    if (running < MOST_AT_ONCE) run();
    else waiting.push(run);
  });
}

function start(body: Buffer, name: string, limit: number, done: (error: Error | null, result: Buffer) => void): void {
  const options = { maxOutputLength: limit };
  if (name === "br") brotliDecompress(body, options, done);
  else if (name !== "deflate") gunzip(body, options, done);
  else if (isRawDeflate(body)) inflateRaw(body, options, done);
  else inflate(body, options, done);
}

/** {@link inflateBody} for those who can wait. */
export function inflateBodySync(body: Buffer, encoding: string, limit: number): Buffer {
  const name = encoding.toLowerCase();
  const options = { maxOutputLength: limit };
  try {
    if (name === "br") return brotliDecompressSync(body, options);
    if (name !== "deflate") return gunzipSync(body, options);
    return isRawDeflate(body) ? inflateRawSync(body, options) : inflateSync(body, options);
  } catch (error) {
    throw failure(error, limit);
  }
}
