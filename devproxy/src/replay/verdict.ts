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
  /** Absent when it is not known. */
  body?: Buffer;
}

/** Whether a status is as it should be; 200 alone is, unless it is said what is expected. */
export type IsGood = (status: number | null) => boolean;

export const isSuccess: IsGood = (status) => succeeded(status ?? undefined);

/** Compares a push's new result with what it met before; one that never met anything is `new`. */
export function verdictOf(before: Result | undefined, after: Result, isGood: IsGood = isSuccess): Verdict {
  if (before === undefined) return "new";
  const was = isGood(before.status);
  const is = isGood(after.status);
  if (was !== is) return is ? "fixed" : "regressed";
  return is ? "same" : "still failing";
}

/** Where two results differ: status first, then the body. */
export function differencesOf(before: Result | undefined, after: Result): Difference[] {
  if (before === undefined) return [];
  const status = { path: "status", before: before.status ?? before.error, after: after.status ?? after.error };
  const areThere = before.status !== null && after.status !== null;
  const bodies = areThere && before.body && after.body ? compareBodies(before.body, after.body) : [];
  return before.status === after.status ? bodies : [status, ...bodies];
}
