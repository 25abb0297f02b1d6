import { isTypeName } from "airudder-webhooks/inspect";

/** The results that are also a status of the push. */
export const STATUS_RESULTS = ["handled", "ignored", "failed", "dead", "quarantined", "stored"] as const;

const RESULTS = [...STATUS_RESULTS, "duplicate", "running", "rejected"] as const;

/** The result of a push, as a receiver reports it. */
export type OutcomeResult = (typeof RESULTS)[number];

/** What a receiver of airudder-webhooks reports about a push in the header `Airudder-Outcome`. */
export interface Outcome {
  type?: string;
  verified?: boolean;
  duplicate?: boolean;
  /** Number of drift entries. */
  drift?: number;
  reserialised?: boolean;
  /** Absent if the app has a version of airudder-webhooks that does not report it. */
  result?: OutcomeResult;
  /** Class and message of a handler's error. */
  error?: string;
  ms?: number;
}

/**
 * Parses the header. Leaves out unknown members and members of a wrong type.
 * @returns `undefined` if there is no header: the app does not use airudder-webhooks. An empty object if the header is malformed.
 */
export function readOutcome(header: string | string[] | undefined): Outcome | undefined {
  if (header === undefined) return undefined;
  const value = typeof header === "string" ? parse(header) : undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const { type, verified, duplicate, drift, reserialised, result, error, ms } = value as Record<string, unknown>;
  return {
    ...(isTypeName(type) ? { type } : {}),
    ...(typeof verified === "boolean" ? { verified } : {}),
    ...(typeof duplicate === "boolean" ? { duplicate } : {}),
    ...(Number.isSafeInteger(drift) && (drift as number) < 1_000_000 ? { drift: drift as number } : {}),
    ...(typeof reserialised === "boolean" ? { reserialised } : {}),
    ...(isResult(result) ? { result } : {}),
    ...(typeof error === "string" ? { error } : {}),
    ...(typeof ms === "number" && ms < 1_000_000_000 ? { ms } : {}),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value is a result that a receiver reports. */
export function isResult(value: unknown): value is OutcomeResult {
  return (RESULTS as readonly unknown[]).includes(value);
}
