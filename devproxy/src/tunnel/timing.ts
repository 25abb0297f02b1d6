/** The supervisor's intervals, all in ms. */
export interface TunnelTiming {
  /** Time after the start at which a tunnel that is not up yet is reported, with the reason. Default: 8500. */
  reportPendingAfterMs: number;
  /** Time between two pings of a tunnel that is up. Default: 15000. */
  pingIntervalMs: number;
  /** Time limit of a ping. Default: 8000. */
  pingTimeoutMs: number;
  /** Time between a failed ping and the next one. Default: 1000. */
  pingRetryMs: number;
  /** Maximum wait before the first reopening; doubles with each failure. Default: 1000. */
  backoffMs: number;
  /** Maximum wait between two reopenings. Default: 10000. */
  maxBackoffMs: number;
  /** First wait before a taken name is requested again, while the tunnel has another one. Doubles with each refusal. Default: 2000. */
  reclaimMs: number;
  /** Maximum wait before a taken name is requested again. Default: 60000. */
  maxReclaimMs: number;
  /** Time for which the tunnel with the other name stays open after a tunnel with the requested name is up. Default: 10000. */
  handoverMs: number;
}

/**
 * Worst cases with these values: a failure that the tunnel does not report itself is detected after 15 + 8 + 1 + 8 = 32 s. When the
 * tunnel server works again, the tunnel is opened within 10 s.
 */
export const DEFAULT_TIMING: Readonly<TunnelTiming> = {
  reportPendingAfterMs: 8_500,
  pingIntervalMs: 15_000,
  pingTimeoutMs: 8_000,
  pingRetryMs: 1_000,
  backoffMs: 1_000,
  maxBackoffMs: 10_000,
  reclaimMs: 2_000,
  maxReclaimMs: 60_000,
  handoverMs: 10_000,
};
