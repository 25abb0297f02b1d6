/** The supervisor's intervals, all in ms. */
export interface TunnelTiming {
  /** From the start until it is said that the tunnel is not up yet, and what is waited for. Default: 8500. */
  admitAfterMs: number;
  /** Between two pings of a tunnel that is up. Default: 15000. */
  pingEveryMs: number;
  /** Time limit of a ping. Default: 8000. */
  pingLimitMs: number;
  /** From a missed ping to the next one. Default: 1000. */
  confirmAfterMs: number;
  /** Longest wait before the first reopening; doubles with each failure. Default: 1000. */
  backoffMs: number;
  /** Longest wait between two reopenings. Default: 10000. */
  backoffCapMs: number;
  /** First wait before the own name is requested again while another one is used; doubles with each refusal. Default: 2000. */
  reclaimMs: number;
  /** Maximum wait before the own name is requested again. Default: 60000. */
  reclaimCapMs: number;
  /** How long the tunnel with the other name goes on after the right one was obtained. Default: 10000. */
  handoverMs: number;
}

/**
 * Worst cases that follow: a silent failure is reported 15 + 8 + 1 + 8 = 32 s after it; the tunnel is up again 10 s,
 * plus the time to open it, after its server has come back.
 */
export const TIMING: Readonly<TunnelTiming> = {
  admitAfterMs: 8_500,
  pingEveryMs: 15_000,
  pingLimitMs: 8_000,
  confirmAfterMs: 1_000,
  backoffMs: 1_000,
  backoffCapMs: 10_000,
  reclaimMs: 2_000,
  reclaimCapMs: 60_000,
  handoverMs: 10_000,
};

/**
 * The wait after `failures` failures in a row: exponential up to the cap, with jitter over its upper half,
 * so that many proxies do not come back to one server in step.
 */
export function backoff(failures: number, { backoffMs, backoffCapMs }: TunnelTiming, random = Math.random): number {
  const longest = Math.min(backoffCapMs, backoffMs * 2 ** Math.min(failures, 30));
  return longest * (0.5 + random() / 2);
}

/**
 * The wait before the next opening, counted from the start of the one that failed: its own duration counts as waiting. Never shorter
 * than the first backoff.
 */
export function reopenAfter(failures: number, elapsedMs: number, timing: TunnelTiming, random = Math.random): number {
  return Math.max(backoff(failures, timing, random) - elapsedMs, backoff(0, timing, random));
}
