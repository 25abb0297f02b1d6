import type { Outcome, OutcomeResult } from "../http/index.js";
import { succeeded } from "../journal/index.js";
import { compareBodies, type ResponseDifference } from "./differences.js";

/**
 * Compares the result of a replay with the one before. If the app uses airudder-webhooks, `fixed` and `same` mean that a handler succeeded.
 */
export type Verdict = "fixed" | "regressed" | "same" | "still failing" | "new" | Unproved;

/** Verdicts of replays that neither failed nor were finished by a handler. They never meet `--expect`. */
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

/** The result of a delivery: a response of the app, or none. */
export interface AppResult {
  /** `null` if there was no response. */
  status: number | null;
  /** Code of the app's error response. */
  code?: string | undefined;
  /** What the app's receiver reported; absent if the app does not use airudder-webhooks. */
  outcome?: Outcome | undefined;
  /** Why there was no response. */
  error?: string | undefined;
  /** Absent if unknown. */
  body?: Buffer;
}

/** Whether a status is a success. */
export type IsSuccess = (status: number | null) => boolean;

/** Default: any status 2xx. */
const isSuccessStatus: IsSuccess = (status) => succeeded(status ?? undefined);

const UNPROVED_RESULTS: Partial<Record<OutcomeResult, Unproved>> = {
  ignored: "ignored",
  quarantined: "quarantined",
  stored: "stored, not handled",
  duplicate: "duplicate",
};

/** Whether a result shows that the app succeeded, that it failed, or neither. */
function classify(result: AppResult, isSuccess: IsSuccess): "success" | "failure" | Unproved {
  const { status, code, outcome } = result;
  if (status === null) return "failure";
  if (status === 403 && code === "replay_not_allowed") return "refused replay";
  if (outcome === undefined) return isSuccess(status) ? "success" : "failure";
  if (outcome.result === undefined) return succeeded(status) ? "accepted, handling unknown" : "failure";
  return (
    UNPROVED_RESULTS[outcome.result] ?? (outcome.result === "handled" && isSuccess(status) ? "success" : "failure")
  );
}

/** Classifies the new result. A success without a report is unproved if the app reported the previous result: it may be another app. */
function classifyAfter(
  before: AppResult | undefined,
  after: AppResult,
  isSuccess: IsSuccess,
): ReturnType<typeof classify> {
  const is = classify(after, isSuccess);
  const isReportMissing = after.outcome === undefined && before?.outcome?.result !== undefined;
  return is === "success" && isReportMissing ? "accepted, handling unknown" : is;
}

/** Compares the new result of a push with the one before. Without a comparable result before, the verdict is `new`. */
export function verdictOf(
  before: AppResult | undefined,
  after: AppResult,
  isSuccess: IsSuccess = isSuccessStatus,
): Verdict {
  const is = classifyAfter(before, after, isSuccess);
  if (is !== "success" && is !== "failure") return is;
  const was = before && classify(before, isSuccess);
  if (is === "success") {
    if (was === "success") return "same";
    return was === "failure" || was === "ignored" || was === "quarantined" ? "fixed" : "new";
  }
  if (was === "failure") return "still failing";
  const didNotFail =
    was === "success" || was === "ignored" || was === "quarantined" || was === "accepted, handling unknown";
  return didNotFail ? "regressed" : "new";
}

/** Whether a verdict does not show that a handler succeeded or failed. */
export function isUnproved(verdict: Verdict): verdict is Unproved {
  return (UNPROVED as readonly string[]).includes(verdict);
}

/** Whether the result proves what its status says. A receiver that reports a failure contradicts a status 2xx. */
export function isProved(verdict: Verdict, { status, outcome }: AppResult): boolean {
  if (isUnproved(verdict)) return false;
  const isSuccessful = status !== null && Math.floor(status / 100) === 2;
  return !isSuccessful || outcome === undefined || outcome.result === "handled";
}

/** The differences between two results: the status, what the receiver reported, then the body. */
export function differencesOf(before: AppResult | undefined, after: AppResult): ResponseDifference[] {
  if (before === undefined) return [];
  const found: ResponseDifference[] = [];
  if (before.status !== after.status)
    found.push({ path: "status", before: before.status ?? before.error, after: after.status ?? after.error });
  const [was, is] = [before.outcome?.result, after.outcome?.result];
  if (was !== undefined && is !== undefined && was !== is) found.push({ path: "result", before: was, after: is });
  const haveResponses = before.status !== null && after.status !== null;
  return haveResponses && before.body && after.body ? [...found, ...compareBodies(before.body, after.body)] : found;
}
