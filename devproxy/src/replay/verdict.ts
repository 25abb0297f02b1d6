import type { Outcome, OutcomeResult } from "../http/index.js";
import { succeeded } from "../journal/index.js";
import { compareBodies, type ResponseDifference } from "./differences.js";

/**
 * The result of a replay, compared with the one before. With our middleware, `fixed` and `same` mean that a handler succeeded.
 */
export type Verdict = "fixed" | "regressed" | "same" | "still failing" | "new" | Unproved;

/** Verdicts of replays that did not fail and that no handler finished. They never meet `--expect`. */
export type Unproved =
  | "ignored"
  | "quarantined"
  | "stored, not handled"
  | "duplicate"
  | "refused replay"
  | "accepted, handling unknown";

export const UNPROVED: readonly Unproved[] = [
  "ignored",
  "quarantined",
  "stored, not handled",
  "duplicate",
  "refused replay",
  "accepted, handling unknown",
];

export const VERDICTS: readonly Verdict[] = ["fixed", "regressed", "still failing", "same", "new", ...UNPROVED];

/** A response to compare, or its absence. */
export interface AppResult {
  /** `null` if there was no response. */
  status: number | null;
  /** Code of the app's error response. */
  code?: string | undefined;
  /** What the app's receiver reported; absent if the app is not built with ours. */
  outcome?: Outcome | undefined;
  error?: string;
  /** Absent if it is unknown. */
  body?: Buffer;
}

/** Whether a status is as it should be; 200 alone is, unless it is said what is expected. */
export type IsExpected = (status: number | null) => boolean;

export const isSuccess: IsExpected = (status) => succeeded(status ?? undefined);

const UNPROVED_RESULTS: Partial<Record<OutcomeResult, Unproved>> = {
  ignored: "ignored",
  quarantined: "quarantined",
  stored: "stored, not handled",
  duplicate: "duplicate",
};

/** Whether a result shows that the app succeeded, that it failed, or neither. */
function judge(result: AppResult, isGood: IsExpected): "good" | "bad" | Unproved {
  const { status, code, outcome } = result;
  if (status === null) return "bad";
  if (status === 403 && code === "replay_not_allowed") return "refused replay";
  if (outcome === undefined) return isGood(status) ? "good" : "bad";
  if (outcome.result === undefined) return succeeded(status) ? "accepted, handling unknown" : "bad";
  return UNPROVED_RESULTS[outcome.result] ?? (outcome.result === "handled" && isGood(status) ? "good" : "bad");
}

/** A receiver reported the result before: an app that reports nothing may be another one, so its 200 proves nothing. */
function judgeAfter(before: AppResult | undefined, after: AppResult, isGood: IsExpected): ReturnType<typeof judge> {
  const is = judge(after, isGood);
  const isSilent = after.outcome === undefined && before?.outcome?.result !== undefined;
  return is === "good" && isSilent ? "accepted, handling unknown" : is;
}

/** Compares a push's new result with the one before. Without a comparable one before, the verdict is `new`. */
export function verdictOf(before: AppResult | undefined, after: AppResult, isGood: IsExpected = isSuccess): Verdict {
  const is = judgeAfter(before, after, isGood);
  if (is !== "good" && is !== "bad") return is;
  const was = before && judge(before, isGood);
  if (is === "good") {
    if (was === "good") return "same";
    return was === "bad" || was === "ignored" || was === "quarantined" ? "fixed" : "new";
  }
  if (was === "bad") return "still failing";
  const hadWorked =
    was === "good" || was === "ignored" || was === "quarantined" || was === "accepted, handling unknown";
  return hadWorked ? "regressed" : "new";
}

/** Whether a verdict does not show that a handler succeeded or failed. */
export function isUnproved(verdict: Verdict): verdict is Unproved {
  return (UNPROVED as readonly string[]).includes(verdict);
}

/** Whether the result shows what its status says: a receiver that reports a failure contradicts a status 2xx. */
export function isProved(verdict: Verdict, { status, outcome }: AppResult): boolean {
  if (isUnproved(verdict)) return false;
  const isSuccessful = status !== null && Math.floor(status / 100) === 2;
  return !isSuccessful || outcome === undefined || outcome.result === "handled";
}

/** Where two results differ: status first, then what the receiver reported, then the body. */
export function differencesOf(before: AppResult | undefined, after: AppResult): ResponseDifference[] {
  if (before === undefined) return [];
  const found: ResponseDifference[] = [];
  if (before.status !== after.status)
    found.push({ path: "status", before: before.status ?? before.error, after: after.status ?? after.error });
  const [was, is] = [before.outcome?.result, after.outcome?.result];
  if (was !== undefined && is !== undefined && was !== is) found.push({ path: "result", before: was, after: is });
  const areThere = before.status !== null && after.status !== null;
  return areThere && before.body && after.body ? [...found, ...compareBodies(before.body, after.body)] : found;
}
