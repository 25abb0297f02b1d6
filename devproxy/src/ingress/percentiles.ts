/** Width of a bucket: each is 2 % wider than the one before it. */
const GROWTH = Math.log(1.02);
/** Upper end of the first bucket, ms. */
const SMALLEST_MS = 0.01;
/** The last bucket ends at about 100 s. */
const BUCKETS = 815;

/** Percentiles of durations, with an error of at most 2 %. Its size does not depend on the number of durations. */
export class Percentiles {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** @param ms duration; a negative one counts as 0 */
  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / GROWTH);
    const at = Math.min(bucket, BUCKETS - 1);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#total++;
  }

  /** The duration that a share of the durations does not exceed, ms; `undefined` if there are none. `share` is 0.5 for the median. */
  at(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let remaining = Math.ceil(share * this.#total);
    const bucket = this.#counts.findIndex((count) => {
      remaining -= count;
      return remaining <= 0;
    });
    return Math.round(SMALLEST_MS * Math.exp(bucket * GROWTH) * 100) / 100;
  }
}
