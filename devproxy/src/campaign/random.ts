/** Pseudo-random numbers. The same seed produces the same numbers on every platform. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  /** @param seed a whole number from 0 to 2^53 - 1 */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    // The first numbers of similar seeds are similar.
    for (let i = 0; i < 16; i++) this.uint32();
  }

  /** A whole number from 0 to 2^32 - 1. The algorithm is sfc32: its state of 128 bits makes equal ids improbable. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor((this.uint32() / 2 ** 32) * (max - min + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)] as T;
  }

  shuffle(list: Uint8Array): void {
    for (let i = list.length - 1; i > 0; i--) {
      const other = this.between(0, i);
      const value = list[i] as number;
      list[i] = list[other] as number;
      list[other] = value;
    }
  }

  /** An id of 32 hex digits. */
  id(): string {
    let id = "";
    for (let i = 0; i < 4; i++) id += this.hex(8);
    return id;
  }

  /** @param digits at most 8 */
  hex(digits: number): string {
    return this.uint32().toString(16).padStart(8, "0").slice(0, digits);
  }
}
