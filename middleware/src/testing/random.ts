/** Returns a number from 0 to 1, excluding 1. */
export type RandomNumber = () => number;

/** Returns a generator of numbers from 0 to 1, excluding 1. The same seed produces the same numbers. */
export function randomFrom(seed: number | undefined): RandomNumber {
  if (seed === undefined) return Math.random;
  // The upper bits of a seed above 2^32 also count.
  let state = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
