/** Airudder waits 10 s for an answer. */
export interface DeliveryTimeouts {
  /** When a push is acknowledged though the app is still at work, ms. */
  responseMs: number;
  /** How long a push waits for an app that is down before it is acknowledged, ms. */
  holdMs: number;
  /** Time limit for a body to arrive, ms. Default: 8000. */
  bodyMs?: number;
  /** Time limit for the app's response to a queued push, ms. Default: 120,000. */
  queuedMs?: number;
}

/** The default timeouts. */
export const DEFAULT_TIMEOUTS: DeliveryTimeouts = { responseMs: 9_000, holdMs: 8_000 };
