type Numbers = Uint8Array | Int32Array | Float32Array | Float64Array;

/** A list of numbers that grows. Takes a fraction of the memory of an array of objects, and is fast to scan. */
export class Column<T extends Numbers> {
  values: T;

  constructor(
    private readonly make: (length: number) => T,
    private readonly fill = 0,
  ) {
    this.values = make(1_024).fill(fill) as T;
  }

  set(at: number, value: number): void {
    if (at >= this.values.length) {
      const larger = this.make(Math.max(at + 1, this.values.length * 2)).fill(this.fill) as T;
      larger.set(this.values as never);
      this.values = larger;
    }
    this.values[at] = value;
  }

  get(at: number): number {
    return this.values[at] as number;
  }

  /** Copies an element to an earlier position. */
  move(from: number, to: number): void {
    this.values[to] = this.values[from] as number;
  }

  /** Resets the elements from a position. */
  clearFrom(at: number): void {
    this.values.fill(this.fill, at);
  }
}

export const bytes = (length: number): Uint8Array => new Uint8Array(length);
export const floats = (length: number): Float32Array => new Float32Array(length);
export const doubles = (length: number): Float64Array => new Float64Array(length);

/** A hash of 53 bits, so that two ids of a journal practically never have the same one. 0 stands for no text. */
export function hashOf(text: string | undefined): number {
  if (text === undefined) return 0;
  let high = 0x811c9dc5;
  let low = 0x2f0b4a27;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
    low = (low << 13) | (low >>> 19);
  }
  return (high >>> 0) * 2 ** 21 + (low >>> 11) + 1;
}

/** Numbers for a small set of texts, such as the types of pushes. */
export class Words {
  readonly #codes = new Map<string, number>();
  readonly #words: string[] = [];

  /** The number of a word, from 0. The first 255 words have a number each. All later ones share the number of the last. */
  codeOf(word: string): number {
    const known = this.#codes.get(word);
    if (known !== undefined) return known;
    if (this.#words.length === 255) return 254;
    const code = this.#words.push(word) - 1;
    this.#codes.set(word, code);
    return code;
  }

  wordOf(code: number): string {
    return this.#words[code] as string;
  }
}
