import { isUtf8 } from "node:buffer";

/** Most of an app's answer that the journal keeps, bytes. */
export const MAX_RECORDED_RESPONSE_BYTES = 64 * 1024;

/** Whether there may have been more of an answer than what was kept. */
export function mayBeCut(body: Buffer): boolean {
  return body.length === MAX_RECORDED_RESPONSE_BYTES;
}

/** Text without the letter that was cut in two at its end; anything else as it is. */
export function withoutPartialCharacter(body: Buffer): Buffer {
  const ends = [0, 1, 2, 3].map((cut) => body.subarray(0, body.length - cut));
  return ends.find((part) => isUtf8(part)) ?? body;
}
