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

/** Some senders use raw deflate instead of the zlib format, whose first byte ends in the hex digit 8. */
function isRawDeflate(body: Buffer): boolean {
  return ((body[0] ?? 8) & 0x0f) !== 8;
}

function decompressionError(error: unknown, limit: number): AirudderError {
  const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
  return isTooLarge ? tooLarge(limit) : new AirudderError("malformed_json", "The body cannot be decompressed.");
}

/** Whether a body with this content encoding must be decompressed. */
export function isEncoded(encoding: string | undefined): encoding is string {
  return encoding !== undefined && encoding !== "" && encoding.toLowerCase() !== "identity";
}

/**
 * Maximum number of bodies that are decompressed in parallel. Decompression uses the same thread pool as file writes, and many hostile bodies
 * must not stop the inbox.
 */
const MAX_PARALLEL = 2;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Decompresses a body. Stops when the result is larger than `limit` bytes.
 * @param encoding `br`, `deflate` or `gzip`; any other value is treated as `gzip`
 * @throws AirudderError `too_large`, `malformed_json`
 */
export function decompressBody(body: Buffer, encoding: string, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const run = (): void => {
      running++;
      start(body, encoding.toLowerCase(), limit, (error, result) => {
        running--;
        waiting.shift()?.();
        if (error === null) resolve(result);
        else reject(decompressionError(error, limit));
      });
    };
    if (running < MAX_PARALLEL) run();
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

/** Like {@link decompressBody}, but synchronous. */
export function decompressBodySync(body: Buffer, encoding: string, limit: number): Buffer {
  const name = encoding.toLowerCase();
  const options = { maxOutputLength: limit };
  try {
    if (name === "br") return brotliDecompressSync(body, options);
    if (name !== "deflate") return gunzipSync(body, options);
    return isRawDeflate(body) ? inflateRawSync(body, options) : inflateSync(body, options);
  } catch (error) {
    throw decompressionError(error, limit);
  }
}
