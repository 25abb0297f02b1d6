const MIN = 16;
const MAX = 256;
/** A response is slow if it takes longer than `SLOWER` times the fastest plus `SLOWER_MS`. */
const SLOWER_MS = 20;
const SLOWER = 2;

/**
 * Maximum number of queued pushes that are sent in parallel. It grows while the app responds as fast as at first, and shrinks when
 * responses become slower.
 */
export class ConcurrencyLimit {
  #size = MIN;
  #fastestMs = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  /** Starts over, because the app has restarted. */
  reset(): void {
    this.#size = MIN;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }

  /** Takes the time of a response into account. @param isFull whether the maximum number of pushes was in flight */
  update(ms: number, isFull: boolean): void {
    this.#fastestMs = Math.min(this.#fastestMs, ms);
    const isFast = ms <= this.#fastestMs * SLOWER + SLOWER_MS;
    if (!isFast) this.#size = Math.max(MIN, this.#size - 1);
    else if (isFull) this.#size = Math.min(MAX, this.#size + 1);
  }
}
