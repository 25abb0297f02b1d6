const FIRST_BYTES = 64 * 1024;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The longest escape, `\u001f`. */
const ESCAPE_BYTES = 6;
const NONE = Buffer.alloc(0);

/** Of each byte up to the backslash what JSON writes in its place, if anything. */
const ESCAPES = Array.from({ length: BACKSLASH + 1 }, (_, byte) => {
  const written = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  return written.length === 1 ? NONE : Buffer.from(written);
});

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
      const instead = byte > BACKSLASH ? NONE : (ESCAPES[byte] as Buffer);
      if (instead === NONE) bytes[at++] = byte;
      else for (let j = 0; j < instead.length; j++) bytes[at++] = instead[j] as number;
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
