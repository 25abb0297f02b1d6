import { randomBytes } from "node:crypto";

const FIRST_SLOTS = 1_024;
/** No search is longer, whatever subjects somebody makes up: in a slot that is that far away the older one gives way. */
const MOST_PROBES = 256;
/** Of the SHA-256 so many words of 32 bits are kept: 128 bits, far from any accident. */
const DIGEST_WORDS = 4;
/** The subject's two, and the digest's. */
const WORDS = 2 + DIGEST_WORDS;

const SEED = randomBytes(4).readUInt32LE();
const HEX = new Uint8Array(128);
for (let i = 0; i < 16; i++) HEX["0123456789abcdef".charCodeAt(i)] = i;

/**
 * Of each subject the fingerprint of its last push, and its time. Flat numbers in two blocks: a hundred thousand of them are nothing to
 * the garbage collector, to which as many objects are a burden that every push pays for. Two subjects of one hash push each other out: a
 * duplicate may go unrecognised then, and never a push be taken for one, since that needs equal digests.
 */
export class Fingerprints {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  /** 0 in a free slot. */
  #times = new Float64Array(FIRST_SLOTS);
  #size = 0;
  /** The hash of the subject that was looked at last. */
  #low = 0;
  #high = 0;

  get size(): number {
    return this.#size;
  }

  /** The time of the subject's last push when it had this digest, 0 when it had another; nothing when none is known. */
  find(subject: string, digest: string): number | undefined {
    this.#hash(subject);
    const slot = this.#place();
    const at = slot * WORDS;
    const words = this.#words;
    if (this.#times[slot] === 0 || words[at] !== this.#low || words[at + 1] !== this.#high) return undefined;
    for (let i = 0; i < DIGEST_WORDS; i++) {
      if (words[at + 2 + i] !== wordOf(digest, i)) return 0;
    }
    return this.#times[slot];
  }

  /** The time of the subject's last push, whatever its digest; nothing when none is known. */
  lastAt(subject: string): number | undefined {
    this.#hash(subject);
    const slot = this.#place();
    const at = slot * WORDS;
    const isIts = this.#words[at] === this.#low && this.#words[at + 1] === this.#high;
    return isIts && this.#times[slot] !== 0 ? this.#times[slot] : undefined;
  }

  put(subject: string, digest: string, time: number): void {
    if (this.#size * 4 >= this.#slots * 3) this.#grow();
    this.#hash(subject);
    const slot = this.#place();
    const at = slot * WORDS;
    const words = this.#words;
    if (this.#times[slot] === 0) this.#size++;
    words[at] = this.#low;
    words[at + 1] = this.#high;
    for (let i = 0; i < DIGEST_WORDS; i++) words[at + 2 + i] = wordOf(digest, i);
    this.#times[slot] = time;
  }

  #hash(subject: string): void {
    let low = SEED;
    let high = ~SEED;
    for (let i = 0; i < subject.length; i++) {
      const code = subject.charCodeAt(i);
      low = Math.imul(low ^ code, 0x9e3779b1);
      high = Math.imul(high ^ code, 0x5f356495);
    }
    low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
    high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
    this.#low = low >>> 0;
    this.#high = high >>> 0;
  }

  /** The slot of the subject that was hashed, or the one it would get. */
  #place(): number {
    const words = this.#words;
    const last = this.#slots - 1;
    let slot = this.#low & last;
    for (let probe = 1; probe < MOST_PROBES; probe++) {
      const at = slot * WORDS;
      if (this.#times[slot] === 0 || (words[at] === this.#low && words[at + 1] === this.#high)) break;
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #grow(): void {
    const words = this.#words;
    const times = this.#times;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    this.#times = new Float64Array(this.#slots);
    for (let old = 0; old < times.length; old++) {
      if (times[old] === 0) continue;
      const at = old * WORDS;
      this.#low = words[at] as number;
      this.#high = words[at + 1] as number;
      const slot = this.#place();
      this.#words.set(words.subarray(at, at + WORDS), slot * WORDS);
      this.#times[slot] = times[old] as number;
    }
  }
}

/** The word number `index` of a digest in hex. */
function wordOf(digest: string, index: number): number {
  let word = 0;
  for (let i = index * 8; i < index * 8 + 8; i++) word = (word << 4) | (HEX[digest.charCodeAt(i)] as number);
  return word >>> 0;
}
