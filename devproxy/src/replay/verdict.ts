import { succeeded } from "../journal/status.js";
import { compareBodies, type Difference } from "./differences.js";

/** What a replay shows about the app, compared with the last time it got the push. */
export type Verdict = "fixed" | "regressed" | "same" | "still failing" | "new";

export const VERDICTS: readonly Verdict[] = ["fixed", "regressed", "still failing", "same", "new"];

/** An answer, or its absence, to be compared. */
export interface Result {
  /** `null` when the app gave none. */
  status: number | null;
  error?: string;
  body: Buffer;
}

/** Compares a push's new result with that of its last delivery; one that never had any is `new`. */
export function verdictOf(before: Result | undefined, after: Result): Verdict {
  if (before === undefined) return "new";
  const was = succeeded(before.status ?? undefined);
  const is = succeeded(after.status ?? undefined);
  if (was !== is) return is ? "fixed" : "regressed";
  return is ? "same" : "still failing";
}

/** Where two results differ: status first, then the body. */
export function differencesOf(before: Result | undefined, after: Result): Difference[] {
  if (before === undefined) return [];
  const status = { path: "status", before: before.status ?? before.error, after: after.status ?? after.error };
  const bodies = before.status === null || after.status === null ? [] : compareBodies(before.body, after.body);
  return before.status === after.status ? bodies : [status, ...bodies];
}
