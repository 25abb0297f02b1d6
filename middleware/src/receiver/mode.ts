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

/** What a receiver does with a push before it responds: direct mode runs the handlers, inbox mode stores the push. */
export interface ReceiverMode {
  /**
   * Stores or handles a push. Returns, or resolves, when that is done; its error determines the response. It may continue after the
   * deadline; a duplicate that arrives meanwhile waits for it.
   */
  accept(push: CheckedPush): AcceptResult | Promise<AcceptResult>;
  /** A promise to wait for before duplicates can be detected; `undefined` if there is no need to wait. */
  opening(): Promise<void> | undefined;
  /** Whether replays have their own time limit instead of `deadlineMs`. */
  readonly limitsReplays: boolean;
  /** Waits at most `limitMs` for running handlers, then aborts them. */
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
