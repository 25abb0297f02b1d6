import type { WhenDown } from "../config/index.js";
import type { DeliveryAttempt } from "../delivery/index.js";
import type { PendingDelivery } from "./pending-delivery.js";

/** Time limits of deliveries. Airudder waits 10 s for a response. */
export interface DeliveryTimeouts {
  /** Time after which a push is acknowledged although the app has not responded yet, ms. Default: 9,000. */
  responseMs: number;
  /** Time for which a push waits for an app that is down before it is acknowledged, ms. Default: 8,000. */
  holdMs: number;
  /** Time limit for a body to arrive, ms. Default: 8,000. */
  bodyMs?: number;
  /** Time limit for the app's response to a queued push, ms. Default: 120,000. */
  queuedMs?: number;
}

export const DEFAULT_TIMEOUTS: DeliveryTimeouts = { responseMs: 9_000, holdMs: 8_000 };

/** Limits the time that senders wait for the response of the app. */
export class ResponseDeadlines {
  /** One function per waiting sender. It ends the wait. */
  readonly #expireFunctions = new Set<() => void>();

  constructor(
    private readonly timeouts: DeliveryTimeouts,
    private readonly whenDown: WhenDown,
  ) {}

  /**
   * Waits for the attempt that settles a push.
   * @param receivedAt when the request was received, from `performance.now()`
   * @returns `undefined` if the deadline has passed, or the push was settled without an attempt. The caller then acknowledges the push
   */
  waitUntilSettled(pending: PendingDelivery, receivedAt: number): Promise<DeliveryAttempt | undefined> {
    const { responseMs, holdMs } = this.timeouts;
    const remaining = (timeoutMs: number) => Math.max(0, receivedAt + timeoutMs - performance.now());
    return new Promise((resolve) => {
      const finish = (attempt?: DeliveryAttempt) => {
        clearTimeout(responseTimer);
        clearTimeout(holdTimer);
        this.#expireFunctions.delete(expire);
        resolve(attempt);
      };
      const expire = () => finish();
      let holdTimer: NodeJS.Timeout | undefined;
      const responseTimer = setTimeout(expire, remaining(responseMs));
      this.#expireFunctions.add(expire);
      void pending.settled.then(finish);
      void pending.queued.then(() => {
        if (!this.#expireFunctions.has(expire)) return;
        const wait = this.whenDown === "ack" ? 0 : remaining(holdMs);
        holdTimer = setTimeout(() => !pending.isSending && expire(), wait);
      });
    });
  }

  /** Ends every wait now. */
  expireAll(): void {
    for (const expire of [...this.#expireFunctions]) expire();
  }
}
