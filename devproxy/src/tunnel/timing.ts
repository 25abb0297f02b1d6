/** The supervisor's intervals, all in ms. */
export interface TunnelTiming {
  /** Time after the start at which a tunnel that is not up yet is reported, with the reason. Default: 8500. */
  reportPendingAfterMs: number;
  /** Between two pings of a tunnel that is up. Default: 15000. */
  pingEveryMs: number;
  /** Time limit of a ping. Default: 8000. */
  pingLimitMs: number;
  /** Between a missed ping and the next one. Default: 1000. */
  confirmAfterMs: number;
  /** Maximum wait before the first reopening; doubles with each failure. Default: 1000. */
  backoffMs: number;
  /** Maximum wait between two reopenings. Default: 10000. */
  maxBackoffMs: number;
  /** First wait before the requested name is requested again while another one is used; doubles with each refusal. Default: 2000. */
  reclaimMs: number;
  /** Maximum wait before the requested name is requested again. Default: 60000. */
  maxReclaimMs: number;
  /** Time for which the tunnel with the other name stays open after the requested name was obtained. Default: 10000. */
  handoverMs: number;
}

/**
 * Worst cases with these values: a silent failure is reported 15 + 8 + 1 + 8 = 32 s after it happens. The tunnel is up again 10 s after its
 * server has returned, plus the time to open it.
 */
export const TIMING: Readonly<TunnelTiming> = {
  reportPendingAfterMs: 8_500,
  pingEveryMs: 15_000,
  pingLimitMs: 8_000,
  confirmAfterMs: 1_000,
  backoffMs: 1_000,
  maxBackoffMs: 10_000,
  reclaimMs: 2_000,
  maxReclaimMs: 60_000,
  handoverMs: 10_000,
};
