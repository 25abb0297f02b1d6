import { isResult, type OutcomeResult } from "./outcome.js";

/**
 * Header of a test push that a command sends to a running `listen`: its cause and the control token, `trigger TOKEN`. It is removed before
 * the push is recorded.
 */
export const TEST_PUSH_HEADER = "airudder-test-push";

/** Header of the response to a test push: how `listen` recorded the push, as JSON. */
export const RECORDED_PUSH_HEADER = "airudder-recorded-push";

/** How `listen` recorded a test push, for the command that sent it. */
export interface RecordedTestPush {
  id: string;
  seq: number;
  /** The result that the app's receiver reported. */
  result?: OutcomeResult;
  /** Class and message of the handler's error. It may quote the payload: redact it before printing. */
  error?: string;
  /** The app did not respond in time: the proxy responded 200 and delivers the push later. */
  pending?: true;
}

/** Parses the header. Leaves out unknown members, and optional members of a wrong type. @returns `undefined` if it is malformed */
export function readRecordedPush(header: string | string[] | undefined): RecordedTestPush | undefined {
  if (typeof header !== "string") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(header);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, seq, result, error, pending } = value as Record<string, unknown>;
  if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) return undefined;
  if (!Number.isSafeInteger(seq) || (seq as number) < 1) return undefined;
  return {
    id,
    seq: seq as number,
    ...(isResult(result) ? { result } : {}),
    ...(typeof error === "string" ? { error } : {}),
    ...(pending === true ? { pending } : {}),
  };
}
