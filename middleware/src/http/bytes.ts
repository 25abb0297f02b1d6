/** The bytes of a body. */
export interface Bytes {
  readonly bytes: Buffer;
  /** Whether these are the exact bytes received. `false` if they were decoded to text with losses before. */
  readonly isExact: boolean;
}

/** Decoders replace invalid bytes with this character. */
const REPLACEMENT = "\ufffd";

/**
 * The bytes of a byte array or a string; `undefined` for any other value.
 * @param encoding of the string; default UTF-8
 */
export function bytesOf(value: unknown, encoding: BufferEncoding | null = null): Bytes | undefined {
  if (Buffer.isBuffer(value)) return { bytes: value, isExact: true };
  if (value instanceof Uint8Array) {
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength), isExact: true };
  }
  if (typeof value !== "string") return undefined;
  return { bytes: Buffer.from(value, encoding ?? "utf8"), isExact: !value.includes(REPLACEMENT) };
}
