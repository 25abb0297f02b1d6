import { randomBytes } from "node:crypto";

const INITIAL_SLOTS = 1_024;
/**
 * Maximum number of slots that one search reads. It bounds the time of a search if an attacker sends subjects with similar hashes. If all
 * these slots are taken, the last one is overwritten.
 */
const MAX_PROBES = 256;
/** Number of 32-bit words of a SHA-256 that the table stores. 128 bits rule out accidental matches. */
const DIGEST_WORDS = 4;
/** Words per slot: two for the subject's hash, the others for the digest. */
const SLOT_WORDS = 2 + DIGEST_WORDS;

const SEED = randomBytes(4).readUInt32LE();
const HEX = new Uint8Array(128);
for (let i = 0; i < 16; i++) HEX["0123456789abcdef".charCodeAt(i)] = i;

/** The subject that was hashed last, and the two halves of its hash. One push looks its subject up in several tables. */
let hashed: string | undefined;
let hashLow = 0;
let hashHigh = 0;

function hashSubject(subject: string): void {
  if (subject === hashed) return;
  let low = SEED;
  let high = ~SEED;
  for (let i = 0; i < subject.length; i++) {
    const code = subject.charCodeAt(i);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  hashed = subject;
  hashLow = low >>> 0;
  hashHigh = high >>> 0;
}

/**
 * The digest and time of the last push of each subject, in a hash table of two typed arrays (open addressing).
 *
 * Why not two `Map`s from subject to digest and time: Node 20.20, 1,000,000 subjects, median of 3 in one run:
 *
 * | | typed arrays | two `Map`s |
 * |---|---|---|
 * | memory | 67 MB | 217 MB |
 * | `put` | 1.3 µs | 5.1 µs |
 * | `find` | 2.6 µs | 6.4 µs |
 *
 * On Node 24, a server with 100,000 subjects, the maximum, needs 160 MB of memory with this table and 315 MB with maps. It needs 0 to 8 % less
 * processor time per push.
 *
 * Limits: entries cannot be removed one by one. If two subjects have the same hash of 64 bits, each overwrites the other, so a duplicate
 * may not be detected. A push with other bytes is never taken for a duplicate, because that needs equal digests.
 */
export class Fingerprints {
  #slots = INITIAL_SLOTS;
  #words = new Uint32Array(INITIAL_SLOTS * SLOT_WORDS);
  /** 0 in a free slot. */
  #times = new Float64Array(INITIAL_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The time of the subject's last push, if it had this digest. 0: it had another digest. `undefined`: the subject is not known. */
  find(subject: string, digest: string): number | undefined {
    hashSubject(subject);
    const slot = this.#findSlot(hashLow, hashHigh);
    const offset = slot * SLOT_WORDS;
    const words = this.#words;
    if (this.#times[slot] === 0 || words[offset] !== hashLow || words[offset + 1] !== hashHigh) return undefined;
    for (let i = 0; i < DIGEST_WORDS; i++) {
      if (words[offset + 2 + i] !== wordOf(digest, i)) return 0;
    }
    return this.#times[slot];
  }

  /** Stores the last push of a subject. `time` must not be 0. */
  put(subject: string, digest: string, time: number): void {
    if (this.#size * 4 >= this.#slots * 3) this.#grow();
    hashSubject(subject);
    const slot = this.#findSlot(hashLow, hashHigh);
    const offset = slot * SLOT_WORDS;
    const words = this.#words;
    if (this.#times[slot] === 0) this.#size++;
    words[offset] = hashLow;
    words[offset + 1] = hashHigh;
    for (let i = 0; i < DIGEST_WORDS; i++) words[offset + 2 + i] = wordOf(digest, i);
    this.#times[slot] = time;
  }

  /** The slot of the subject with this hash, or the slot to put it in. */
  #findSlot(low: number, high: number): number {
    const words = this.#words;
    const last = this.#slots - 1;
    let slot = low & last;
    for (let probe = 1; probe < MAX_PROBES; probe++) {
      const offset = slot * SLOT_WORDS;
      if (this.#times[slot] === 0 || (words[offset] === low && words[offset + 1] === high)) break;
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #grow(): void {
    const words = this.#words;
    const times = this.#times;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * SLOT_WORDS);
    this.#times = new Float64Array(this.#slots);
    for (let old = 0; old < times.length; old++) {
      if (times[old] === 0) continue;
      const offset = old * SLOT_WORDS;
      const slot = this.#findSlot(words[offset] as number, words[offset + 1] as number);
      this.#words.set(words.subarray(offset, offset + SLOT_WORDS), slot * SLOT_WORDS);
      this.#times[slot] = times[old] as number;
    }
  }
}

/** The word at `index` of a hexadecimal digest. */
function wordOf(digest: string, index: number): number {
  let word = 0;
  for (let i = index * 8; i < index * 8 + 8; i++) word = (word << 4) | (HEX[digest.charCodeAt(i)] as number);
  return word >>> 0;
}
