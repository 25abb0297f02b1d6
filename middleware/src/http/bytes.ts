/** The bytes of a body. */
export interface Bytes {
  readonly bytes: Buffer;
  /** Whether these are the bytes that came: not where text that could not be decoded was turned into bytes again. */
  readonly isExact: boolean;
}

/** What decoders put in the place of bytes that they cannot read. */
const REPLACEMENT = "\ufffd";

/**
 * Bytes, or a text as bytes; nothing for another value.
 * @param encoding of the text; UTF-8 by default
 */
export function bytesOf(value: unknown, encoding: BufferEncoding | null = null): Bytes | undefined {
  if (Buffer.isBuffer(value)) return { bytes: value, isExact: true };
  if (value instanceof Uint8Array) {
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength), isExact: true };
  }
  if (typeof value !== "string") return undefined;
  return { bytes: Buffer.from(value, encoding ?? "utf8"), isExact: !value.includes(REPLACEMENT) };
}
