import type { AirudderErrorCode } from "../errors.js";

/** The 50th, 95th and 99th percentile of the last 1,024 durations, in milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Counts since the receiver was created. */
export interface Counts {
  readonly accepted: number;
  readonly duplicates: number;
  /** Accepted pushes that had drift. */
  readonly drifted: number;
  /** Number of drift entries by `type path kind`; the first 1,000 of these keys. */
  readonly drift: Readonly<Record<string, number>>;
  /** Rejections by code. */
  readonly rejected: Readonly<Partial<Record<AirudderErrorCode, number>>>;
  readonly handled: number;
  /** Pushes of a known type without a handler. */
  readonly ignored: number;
  /** Failed attempts that are followed by a retry, and failed replays, which are not retried. */
  readonly failed: number;
  readonly dead: number;
  readonly quarantined: number;
  /** Requests that are still without a response. */
  readonly inFlight: number;
  /** Time from when the receiver is called to the response, for accepted pushes and duplicates. */
  readonly responseMs: Quantiles;
  /** How long handlers took. */
  readonly handlerMs: Quantiles;
}

const WINDOW = 1024;

/** The last 1,024 durations. */
export class Durations {
  readonly #values = new Float64Array(WINDOW);
  #count = 0;

  add(ms: number): void {
    this.#values[this.#count++ % WINDOW] = ms;
  }

  quantiles(): Quantiles {
    const sorted = this.#values.slice(0, Math.min(this.#count, WINDOW)).sort();
    const at = (share: number): number =>
      Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 1000) / 1000;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
