import type { PushSchema } from "../generated/catalogue.js";
import type { Push, QuarantinedPush } from "../push/push.js";
import type { Received } from "../push/received.js";
import type { HandlerResult } from "./handlers.js";

/** An identified, authenticated and validated push. */
export interface CheckedPush {
  readonly push: Push | QuarantinedPush;
  readonly quarantined: boolean;
  readonly schema: PushSchema | undefined;
  readonly subject: string | undefined;
  /** SHA-256 of the received bytes, hex. */
  readonly digest: string;
  readonly received: Received;
}

/** Result of keeping a push. `stored`: it will be handled later. */
export type AcceptResult = HandlerResult | "stored";

/**
 * Stores or handles a push. Returns, or resolves, when that is done. Its error determines the response.
 * It may go on after the sender's deadline; a copy that comes meanwhile waits for it.
 */
export type Keep = (admitted: CheckedPush) => AcceptResult | Promise<AcceptResult>;

/** Who takes an admitted push over: direct mode, or an inbox. */
export interface ReceiverMode {
  readonly accept: Keep;
  /** A promise to wait for before duplicates can be detected; `undefined` if there is no need to wait. */
  opening(): Promise<void> | undefined;
  /** Whether replays have their own time limit instead of `deadlineMs`. */
  readonly limitsReplays: boolean;
  /** Waits at most `limitMs` for running handlers, then aborts them. */
  close(limitMs: number): Promise<void>;
}

/** Waits at most `ms` for `work`. Resolves with whether it settled. */
export function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const finish = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(finish, finish);
  });
}
