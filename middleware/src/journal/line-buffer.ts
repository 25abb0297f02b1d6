const FIRST_BYTES = 64 * 1024;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The letter of an escape that goes on with four hex digits. */
const U = 0x75;
/** The longest escape, `\u001f`. */
const ESCAPE_BYTES = 6;

/** What JSON writes behind a backslash in the place of a byte; 0 for those that stay. */
const ESCAPES = new Uint8Array(256);
for (let byte = 0; byte <= BACKSLASH; byte++) {
  const written = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  if (written.length > 1) ESCAPES[byte] = written.charCodeAt(1);
}

/** Lines under construction: all that goes to disk together stands in one piece of memory from the start. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was added so far; not to be kept beyond the next `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  add(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Adds UTF-8 as a JSON string: what `JSON.stringify` makes of its text, at half the cost. */
  addQuoted(utf8: Buffer): void {
    this.#reserve(utf8.length * ESCAPE_BYTES + 2);
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
        if (escaped === U) at += bytes.write(byte.toString(16).padStart(4, "0"), at);
      }
    }
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
