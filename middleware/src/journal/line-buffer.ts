const INITIAL_BYTES = 64 * 1024;
/** A buffer that has grown beyond this size is discarded by `clear`. */
const MAX_REUSED_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The letter of an escape with four hex digits. */
const LETTER_U = 0x75;
/** Length of the longest escape, `\u001f`. */
const MAX_ESCAPE_BYTES = 6;

/** For each byte, the character that JSON writes after a backslash in its place; 0 if the byte is not escaped. */
const ESCAPES = new Uint8Array(256);
for (let byte = 0; byte <= BACKSLASH; byte++) {
  const written = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  if (written.length > 1) ESCAPES[byte] = written.charCodeAt(1);
}

/** Lines of one batch, in one buffer, so that they are written without being copied. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The lines so far. Valid until the next change. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  add(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Adds UTF-8 as a JSON string. The result equals `JSON.stringify` of its text, in half the time. */
  addQuoted(utf8: Buffer): void {
    this.#reserve(utf8.length * MAX_ESCAPE_BYTES + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < utf8.length; i++) {
      const byte = utf8[i] as number;
      const escaped = ESCAPES[byte] as number;
      if (escaped === 0) bytes[at++] = byte;
      else {
        bytes[at++] = BACKSLASH;
        bytes[at++] = escaped;
        if (escaped === LETTER_U) at += bytes.write(byte.toString(16).padStart(4, "0"), at);
      }
    }
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  /** Removes all lines. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > MAX_REUSED_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
