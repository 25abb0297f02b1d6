const MIN = 16;
const MAX = 256;
/** A response is slow if it takes longer than `SLOW_FACTOR` times the fastest plus `SLOW_EXTRA_MS`. */
const SLOW_EXTRA_MS = 20;
const SLOW_FACTOR = 2;

/**
 * Maximum number of queued pushes that are sent in parallel. It grows while response times stay close to the fastest one, and shrinks when
 * responses become slow.
 */
export class ConcurrencyLimit {
  #max = MIN;
  #fastestMs = Number.POSITIVE_INFINITY;

  get max(): number {
    return this.#max;
  }

  /** Returns to the minimum, for an app that has restarted. */
  reset(): void {
    this.#max = MIN;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Updates the limit after a response.
   * @param ms time that the app took to respond
   * @param isFull whether the maximum number of pushes was in flight
   */
  update(ms: number, isFull: boolean): void {
    this.#fastestMs = Math.min(this.#fastestMs, ms);
    const isFast = ms <= this.#fastestMs * SLOW_FACTOR + SLOW_EXTRA_MS;
    if (!isFast) this.#max = Math.max(MIN, this.#max - 1);
    else if (isFull) this.#max = Math.min(MAX, this.#max + 1);
  }
}
