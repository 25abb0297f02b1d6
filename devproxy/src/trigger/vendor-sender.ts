import { Semaphore } from "../replay/index.js";
import { deliverAsVendor, type ReadingOptions, type VendorAttempt, type VendorDelivery } from "../vendor/index.js";
import type { SendResult, TestPushSender } from "./sender.js";
import type { TestPush } from "./test-push.js";

/** The result of the last attempt to send a push, with all attempts. */
export interface VendorSendResult extends SendResult {
  vendor: VendorDelivery;
}

/** Sends test pushes with Airudder's time limit and retries. */
export class VendorSender {
  /** An attempt that waited for a connection would exceed its time limit without reaching the app. */
  readonly #connections: Semaphore;

  constructor(
    /** Its time limit must exceed Airudder's, which this class enforces. */
    private readonly sender: TestPushSender,
    private readonly reading: ReadingOptions,
    /** Called after each attempt. */
    private readonly onAttempt: (push: TestPush, attempt: VendorAttempt) => void = () => undefined,
  ) {
    this.#connections = new Semaphore(sender.maxConnections);
  }

  /** Sends a push until it counts as received, or Airudder would make no further attempt. Never throws. */
  async send(push: TestPush, signal?: AbortSignal): Promise<VendorSendResult> {
    let last: SendResult = { ms: 0 };
    const vendor = await deliverAsVendor(
      async (attemptSignal) => {
        last = { ms: 0 };
        last = await this.sender.send(push, attemptSignal);
        return last;
      },
      {
        ...this.reading,
        type: push.type,
        signal,
        whenFree: (run) => this.#connections.run(run),
        onAttempt: (attempt) => this.onAttempt(push, attempt),
      },
    );
    const { error, ms = 0 } = vendor.attempts.at(-1) ?? {};
    return { ...last, ...(error === undefined ? {} : { error }), ms, vendor };
  }
}
