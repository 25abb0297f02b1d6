import type { Keep } from "../intake.js";

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
