const MIN = 16;
const MAX = 256;
/** A response this much slower than the fastest, in ms and as a factor, shows that the app is at its limit. */
const SLOWER_MS = 20;
const SLOWER = 2;

/**
 * How many waiting pushes are sent in parallel. It grows while the app responds as fast as at first and shrinks when more
 * parallel pushes only make each of them slower.
 */
export class Window {
  #size = MIN;
  #fastestMs = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  /** Forgets what it learned: the app has restarted. */
  reset(): void {
    this.#size = MIN;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }

  /** Learns from the time of a response. @param isFull whether as many pushes were in flight as may be */
  learn(ms: number, isFull: boolean): void {
    this.#fastestMs = Math.min(this.#fastestMs, ms);
    const isFast = ms <= this.#fastestMs * SLOWER + SLOWER_MS;
    if (!isFast) this.#size = Math.max(MIN, this.#size - 1);
    else if (isFull) this.#size = Math.min(MAX, this.#size + 1);
  }
}
