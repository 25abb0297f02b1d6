import type { PushSchema } from "../generated/catalogue.js";
import type { Push, QuarantinedPush } from "../push/push.js";
import type { Received } from "../push/received.js";
import type { Result } from "../work/handlers.js";

/** A push that was accepted: what its keeper (direct or inbox) gets. */
export interface Admitted {
  readonly push: Push | QuarantinedPush;
  readonly quarantined: boolean;
  readonly schema: PushSchema | undefined;
  readonly subject: string | undefined;
  /** SHA-256 of the received bytes, hex. */
  readonly digest: string;
  readonly received: Received;
}

/** What a keeper made of a push. */
export type Kept = Result | "stored";

/**
 * Stores a push, or has it handled: returns, or resolves, when that is done. What it throws becomes the response.
 * It may go on after the sender's deadline; a copy that comes meanwhile waits for it.
 */
export type Keep = (admitted: Admitted) => Kept | Promise<Kept>;

/** Who takes an admitted push over: direct mode, or an inbox. */
export interface Keeper {
  readonly keep: Keep;
  /** What a push has to wait for before its duplicates can be recognised; nothing when it need not wait. */
  opening(): Promise<void> | undefined;
  /** Whether a replay has a time limit of its own, so that the deadline of live pushes does not apply. */
  readonly limitsReplays: boolean;
  /** Waits for running handlers at most `limitMs`; then aborts them. */
  close(limitMs: number): Promise<void>;
}

/** Waits for `work` at most `ms`; says whether it settled. */
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
