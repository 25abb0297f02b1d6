import type { Content } from "airudder-webhooks/journal";
import type { DeliveryAttempt } from "../delivery/index.js";
import type { Row } from "../journal/index.js";

/** A push on its way to the app, whether it waits in the queue or not. */
export class PendingDelivery {
  readonly #settle: (attempt: DeliveryAttempt | undefined) => void;
  #wait: () => void;
  /** The attempt that settled it; `undefined` when the queue was closed before. */
  readonly settled: Promise<DeliveryAttempt | undefined>;
  /** Resolves when the app could not be reached and the push has to wait. */
  readonly waits: Promise<void>;
  /** Whether the app has it in hand. */
  isSending = false;
  /** How often the app took it and broke the answer. */
  brokenResponses = 0;

  constructor(
    readonly row: Row,
    /** At hand for a push that has just come; read from disk otherwise. */
    public content?: Content,
    /** Whether the sender has been answered already. */
    public acknowledged = false,
  ) {
    let settle: (attempt: DeliveryAttempt | undefined) => void = () => undefined;
    let wait: () => void = () => undefined;
    this.settled = new Promise((resolve) => {
      settle = resolve;
    });
    this.waits = new Promise((resolve) => {
      wait = resolve;
    });
    this.#settle = settle;
    this.#wait = wait;
  }

  get subject(): string {
    return this.row.push.subject ?? this.row.push.id;
  }

  settle(attempt: DeliveryAttempt | undefined): void {
    this.#settle(attempt);
  }

  wait(): void {
    this.#wait();
  }
}
