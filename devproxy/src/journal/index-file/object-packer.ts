import { REPEATED_IDS } from "../string-pool.js";

/**
 * Packs flat JSON objects, such as the heads of records, into bytes. Repeated strings and lists of keys are stored once; dates and hex digits
 * are stored in binary. A value that has no exact binary form is stored as JSON text, so unpacking always returns an equal object.
 */

/** Maximum number of shared values. Lists of keys are not limited. */
const MAX_SHARED = 4096;
const INITIAL_BYTES = 64 * 1024;
/** Maximum number of bytes that a value takes besides its text. */
const MAX_VALUE_BYTES = 16;

/** Fields whose values repeat, so that each value is stored once. */
const REPEATED: ReadonlySet<string> = new Set([
  "kind",
  "method",
  "url",
  "type",
  "source",
  ...REPEATED_IDS,
  "target",
  "cause",
  "state",
  "result",
]);

const NULL = 0;
const TRUE = 1;
const FALSE = 2;
const INTEGER = 3;
const NUMBER = 4;
const LATIN1 = 5;
const UTF8 = 6;
const WORD = 7;
const HEX = 8;
const DATE = 9;
const JSON_TEXT = 10;
/** A `subject` that consists of the fields `type`, `task` and `call`. */
const SUBJECT = 11;

/** Strings that packed objects share. */
export interface SharedStrings {
  /** Values of fields in `REPEATED`. */
  words: string[];
  /** Each element lists the keys of one or more objects. */
  keys: string[][];
}

/** Packs objects into one buffer, one after the other. */
export class ObjectPacker {
  readonly shared: SharedStrings = { words: [], keys: [] };
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;
  readonly #words = new Map<string, number>();
  readonly #keys = new Map<string, number>();

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  add(object: object): void {
    const entries = Object.entries(object).filter(([, value]) => value !== undefined);
    this.#reserve(MAX_VALUE_BYTES);
    this.#integer(this.#keysOf(entries.map(([key]) => key)));
    const subject = subjectOf(object as Record<string, unknown>);
    for (const [key, value] of entries) {
      if (key === "subject" && value === subject) this.#byte(SUBJECT);
      else this.#value(key, value);
    }
  }

  #keysOf(keys: string[]): number {
    const name = keys.join("\n");
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    this.#keys.set(name, this.shared.keys.length);
    return this.shared.keys.push(keys) - 1;
  }

  #value(key: string, value: unknown): void {
    this.#reserve(MAX_VALUE_BYTES);
    if (value === null) this.#byte(NULL);
    else if (value === true) this.#byte(TRUE);
    else if (value === false) this.#byte(FALSE);
    else if (typeof value === "number" && !Object.is(value, -0)) this.#number(value);
    else if (typeof value === "string") this.#string(key, value);
    else this.#text(JSON_TEXT, JSON.stringify(value), "utf8");
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0) {
      this.#byte(INTEGER);
      this.#integer(value);
    } else {
      this.#byte(NUMBER);
      this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    }
  }

  #string(key: string, value: string): void {
    const word = REPEATED.has(key) ? this.#wordOf(value) : undefined;
    if (word !== undefined) {
      this.#byte(WORD);
      this.#integer(word);
    } else if (key === "at" && isDate(value)) {
      this.#byte(DATE);
      this.#length = this.#bytes.writeDoubleLE(Date.parse(value), this.#length);
    } else if (value.length % 2 === 0 && /^[0-9a-f]{8,}$/.test(value)) {
      this.#byte(HEX);
      this.#integer(value.length / 2);
      this.#reserve(value.length);
      this.#length += this.#bytes.write(value, this.#length, "hex");
    } else if (/^[ -~]*$/.test(value)) this.#text(LATIN1, value, "latin1");
    else if (isWellFormed(value)) this.#text(UTF8, value, "utf8");
    else this.#text(JSON_TEXT, JSON.stringify(value), "utf8");
  }

  #wordOf(word: string): number | undefined {
    const known = this.#words.get(word);
    if (known !== undefined || this.#words.size >= MAX_SHARED) return known;
    this.#words.set(word, this.shared.words.length);
    return this.shared.words.push(word) - 1;
  }

  #text(tag: number, text: string, encoding: "latin1" | "utf8"): void {
    const length = encoding === "latin1" ? text.length : Buffer.byteLength(text);
    this.#reserve(length + MAX_VALUE_BYTES);
    this.#byte(tag);
    this.#integer(length);
    this.#length += this.#bytes.write(text, this.#length, encoding);
  }

  #byte(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }

  /** Adds a non-negative integer: seven bits in each byte, the lowest first. A set high bit means that more bytes follow. */
  #integer(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.#byte((rest % 0x80) | 0x80);
    this.#byte(rest);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + more, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Value of a packed subject until all fields that it consists of are unpacked. */
const PACKED_SUBJECT = Symbol("packed subject");

function subjectOf({ type, task, call }: Record<string, unknown>): string {
  return `${type}|${task}|${call}`;
}

/** Whether a text is exactly what `toISOString` returns for a date. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false;
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

/** Unpacks the objects that an `ObjectPacker` packed. */
export class ObjectUnpacker {
  #at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly shared: SharedStrings,
  ) {}

  /** Unpacks the object at a byte offset. */
  read(start: number): Record<string, unknown> {
    this.#at = start;
    const object: Record<string, unknown> = {};
    let hasPackedSubject = false;
    for (const key of this.shared.keys[this.#integer()] ?? []) {
      const value = this.#value();
      if (value === PACKED_SUBJECT) hasPackedSubject = true;
      object[key] = value;
    }
    if (hasPackedSubject) object.subject = subjectOf(object);
    return object;
  }

  #value(): unknown {
    const tag = this.bytes[this.#at++];
    switch (tag) {
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case INTEGER:
        return this.#integer();
      case NUMBER:
        return this.#double();
      case WORD:
        return this.shared.words[this.#integer()];
      case DATE:
        return new Date(this.#double()).toISOString();
      case SUBJECT:
        return PACKED_SUBJECT;
      case HEX:
        return this.#text("hex");
      case LATIN1:
        return this.#text("latin1");
      case UTF8:
        return this.#text("utf8");
      default:
        return JSON.parse(this.#text("utf8"));
    }
  }

  #double(): number {
    const value = this.bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  #text(encoding: "hex" | "latin1" | "utf8"): string {
    const length = this.#integer();
    const start = this.#at;
    this.#at += length;
    return this.bytes.toString(encoding, start, this.#at);
  }

  #integer(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.bytes[this.#at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
}
