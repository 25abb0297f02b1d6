import type { PushSchema } from "../generated/catalogue.js";
import type { Push, PushRequest, QuarantinedPush } from "../push/push.js";
import type { HandlerResult } from "./handlers.js";

/** An identified, authenticated and validated push. */
export interface CheckedPush {
  readonly push: Push | QuarantinedPush;
  readonly quarantined: boolean;
  readonly schema: PushSchema | undefined;
  readonly subject: string | undefined;
  /** SHA-256 of the received bytes, hex. */
  readonly digest: string;
  readonly received: PushRequest;
}

/** Result of accepting a push. `stored`: it will be handled later. `duplicate`: the inbox has the push already. */
export type AcceptResult = HandlerResult | "stored" | "duplicate";

/** What a receiver does with a push before it responds. Direct mode runs the handlers. Inbox mode stores the push. */
export interface ReceiverMode {
  /**
   * Stores or handles a push, and returns the result when that is done. An error that it throws becomes the response. The work may continue
   * after the deadline. A duplicate that arrives in the meantime waits for the result.
   */
  accept(push: CheckedPush): AcceptResult | Promise<AcceptResult>;
  /** Opens the inbox. Rejects if that fails. `undefined`: the inbox is already open, or there is none. */
  opening(): Promise<void> | undefined;
  /** Whether `accept` detects duplicates, so that the receiver must not. Read for each push. */
  readonly detectsDuplicates: boolean;
  /** Whether replays have a time limit of their own instead of `deadlineMs`. */
  readonly hasReplayTimeout: boolean;
  /** Waits at most `limitMs` for running handlers, then aborts their signals. */
  close(limitMs: number): Promise<void>;
}

/** Waits at most `ms` for a promise. Resolves with whether it settled. */
export function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const finish = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(finish, finish);
  });
}
