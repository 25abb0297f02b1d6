import type { PushSchema } from "../generated/catalogue.js";
import type { Push, QuarantinedPush } from "../push/push.js";
import type { Received } from "../push/received.js";

/** A push that was let in: what its keeper (direct or inbox) gets. */
export interface Admitted {
  readonly push: Push | QuarantinedPush;
  readonly quarantined: boolean;
  readonly schema: PushSchema | undefined;
  readonly subject: string | undefined;
  /** SHA-256 of the bytes that came, hex. */
  readonly digest: string;
  readonly received: Received;
}

/**
 * Stores a push, or has it handled: returns, or resolves, when that is done. What it throws is what the sender is told.
 * It may go on after the sender's deadline; a copy that comes meanwhile waits for it.
 */
export type Keep = (admitted: Admitted) => void | Promise<void>;

/** Who takes an admitted push over: direct mode, or an inbox. */
export interface Keeper {
  readonly keep: Keep;
  /** Waits for what runs, at most `limitMs`; then aborts it. */
  close(limitMs: number): Promise<void>;
}

/** Waits for `work`, but no longer than `ms`; says whether it came to its end. */
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
