/** How long to wait between tries. */
export interface Backoff {
  /** Before the second try, ms. */
  readonly firstMs: number;
  /** No wait is longer, ms. */
  readonly maxMs: number;
}

/**
 * The wait after the failed try number `attempt`: doubled each time, and of that between a half and the whole, so that what failed
 * together does not come back together.
 */
export function backoffMs(
  attempt: number,
  { firstMs, maxMs: mostMs }: Backoff,
  random: () => number = Math.random,
): number {
  const whole = Math.min(mostMs, firstMs * 2 ** (attempt - 1));
  return Math.round(whole * (0.5 + random() / 2));
}
