import type { Content } from "airudder-webhooks/journal";
import type { DeliveryAttempt } from "../delivery/index.js";
import type { Row } from "../journal/index.js";

/** A push that has to be delivered to the app, whether it waits in the queue or is being sent. */
export class PendingDelivery {
  readonly #resolveSettled: (attempt: DeliveryAttempt | undefined) => void;
  readonly #resolveQueued: () => void;
  /** Resolves to the last attempt, or to `undefined` if the queue was closed or the push cannot be read. */
  readonly settled: Promise<DeliveryAttempt | undefined>;
  /** Resolves when it waits in the queue for the first time. */
  readonly queued: Promise<void>;
  /** Whether it was sent to the app, and the attempt has not ended. */
  isSending = false;
  /** Whether it has waited in the queue. */
  hasWaited = false;
  /** Number of attempts that reached the app without a complete response. */
  incompleteResponses = 0;

  constructor(
    readonly row: Row,
    /** Its headers and bytes, if they are in memory. Otherwise they are read from the journal. */
    public content?: Content,
    /** Whether the sender gets, or has got, an acknowledgement instead of the app's response. */
    public acknowledged = false,
  ) {
    let resolveSettled: (attempt: DeliveryAttempt | undefined) => void = () => undefined;
    let resolveQueued: () => void = () => undefined;
    this.settled = new Promise((resolve) => {
      resolveSettled = resolve;
    });
    this.queued = new Promise((resolve) => {
      resolveQueued = resolve;
    });
    this.#resolveSettled = resolveSettled;
    this.#resolveQueued = resolveQueued;
  }

  get subject(): string {
    return this.row.push.subject ?? this.row.push.id;
  }

  /** Resolves `settled`. */
  settle(attempt: DeliveryAttempt | undefined): void {
    this.#resolveSettled(attempt);
  }

  /** Resolves `queued`. */
  markQueued(): void {
    this.hasWaited = true;
    this.#resolveQueued();
  }
}
