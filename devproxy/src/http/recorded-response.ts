import { isUtf8 } from "node:buffer";

/** Maximum size of a recorded response body, bytes. A longer one is truncated. */
export const MAX_RECORDED_RESPONSE_BYTES = 64 * 1024;

/** Whether a recorded response body may have been truncated. */
export function mayBeTruncated(body: Buffer): boolean {
  return body.length === MAX_RECORDED_RESPONSE_BYTES;
}

/** Removes an incomplete UTF-8 character from the end of UTF-8 text. Returns bytes that are not UTF-8 unchanged. */
export function withoutPartialCharacter(body: Buffer): Buffer {
  const ends = [0, 1, 2, 3].map((cut) => body.subarray(0, body.length - cut));
  return ends.find((part) => isUtf8(part)) ?? body;
}
