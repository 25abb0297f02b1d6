import type { Outcome, OutcomeResult } from "../http/index.js";
import { succeeded } from "../journal/index.js";
import { compareBodies, type ResponseDifference } from "./differences.js";

/**
 * How the result of a replay compares with the previous one. If the app uses airudder-webhooks, `fixed` and `same` mean that a handler succeeded.
 */
export type Verdict = "fixed" | "regressed" | "same" | "still failing" | "new" | Inconclusive;

/** Verdicts that do not say whether a handler succeeded or failed. They never meet `--expect`. */
export type Inconclusive =
  | "ignored"
  | "quarantined"
  | "stored, not handled"
  | "duplicate"
  | "refused replay"
  | "accepted, handling unknown";

export const INCONCLUSIVE: readonly Inconclusive[] = [
  "ignored",
  "quarantined",
  "stored, not handled",
  "duplicate",
  "refused replay",
  "accepted, handling unknown",
];

export const VERDICTS: readonly Verdict[] = ["fixed", "regressed", "still failing", "same", "new", ...INCONCLUSIVE];

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

/** The default: only status 200. */
const isSuccessStatus: IsSuccess = (status) => succeeded(status ?? undefined);

const INCONCLUSIVE_RESULTS: Partial<Record<OutcomeResult, Inconclusive>> = {
  ignored: "ignored",
  quarantined: "quarantined",
  stored: "stored, not handled",
  duplicate: "duplicate",
};

/** Whether a result shows that the app succeeded, that it failed, or neither. */
function classify(result: AppResult, isSuccess: IsSuccess): "success" | "failure" | Inconclusive {
  const { status, code, outcome } = result;
  if (status === null) return "failure";
  if (status === 403 && code === "replay_not_allowed") return "refused replay";
  if (outcome === undefined) return isSuccess(status) ? "success" : "failure";
  if (outcome.result === undefined) return succeeded(status) ? "accepted, handling unknown" : "failure";
  return (
    INCONCLUSIVE_RESULTS[outcome.result] ?? (outcome.result === "handled" && isSuccess(status) ? "success" : "failure")
  );
}

/** Classifies the new result. If the app reported a result before but not now, a success is inconclusive: another app may have responded. */
function classifyAfter(
  before: AppResult | undefined,
  after: AppResult,
  isSuccess: IsSuccess,
): ReturnType<typeof classify> {
  const current = classify(after, isSuccess);
  const isReportMissing = after.outcome === undefined && before?.outcome?.result !== undefined;
  return current === "success" && isReportMissing ? "accepted, handling unknown" : current;
}

/** Compares the new result of a push with the previous one. The verdict is `new` if there is no comparable previous result. */
export function verdictOf(
  before: AppResult | undefined,
  after: AppResult,
  isSuccess: IsSuccess = isSuccessStatus,
): Verdict {
  const current = classifyAfter(before, after, isSuccess);
  if (current !== "success" && current !== "failure") return current;
  const previous = before && classify(before, isSuccess);
  if (current === "success") {
    if (previous === "success") return "same";
    return previous === "failure" || previous === "ignored" || previous === "quarantined" ? "fixed" : "new";
  }
  if (previous === "failure") return "still failing";
  const didNotFail =
    previous === "success" ||
    previous === "ignored" ||
    previous === "quarantined" ||
    previous === "accepted, handling unknown";
  return didNotFail ? "regressed" : "new";
}

/** Whether a verdict is inconclusive: it does not say whether a handler succeeded or failed. */
export function isInconclusive(verdict: Verdict): verdict is Inconclusive {
  return (INCONCLUSIVE as readonly string[]).includes(verdict);
}

/**
 * Whether the status can be compared with `--expect`. It cannot if the verdict is inconclusive, or if the receiver responds 2xx but
 * reports that no handler succeeded.
 */
export function isStatusConfirmed(verdict: Verdict, { status, outcome }: AppResult): boolean {
  if (isInconclusive(verdict)) return false;
  const isSuccessful = status !== null && Math.floor(status / 100) === 2;
  return !isSuccessful || outcome === undefined || outcome.result === "handled";
}

/** The differences between two results: the status, what the receiver reported, then the body. */
export function differencesOf(before: AppResult | undefined, after: AppResult): ResponseDifference[] {
  if (before === undefined) return [];
  const found: ResponseDifference[] = [];
  if (before.status !== after.status)
    found.push({ path: "status", before: before.status ?? before.error, after: after.status ?? after.error });
  const [previous, current] = [before.outcome?.result, after.outcome?.result];
  if (previous !== undefined && current !== undefined && previous !== current)
    found.push({ path: "result", before: previous, after: current });
  const haveResponses = before.status !== null && after.status !== null;
  return haveResponses && before.body && after.body ? [...found, ...compareBodies(before.body, after.body)] : found;
}
