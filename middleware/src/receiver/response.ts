import type { AirudderError } from "../errors.js";
import type { HandlerResult } from "./handlers.js";

/** A response to the sender. */
export interface HttpResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** What the receiver found out about the push, and its result; only sent to a dev proxy that asks for it. */
  readonly summary: PushSummary;
  readonly result: Outcome;
  /** The error that caused the response. */
  readonly error?: AirudderError;
}

/** What the receiver found out about a push. */
export interface PushSummary {
  readonly type: string;
  readonly verified: boolean;
  readonly duplicate: boolean;
  /** Number of drift entries. */
  readonly drift: number;
  /** Set if an earlier parser consumed the bytes: they were serialised again from its object. */
  readonly reserialised?: true;
}

/** Result of a request. `running`: the deadline has passed and the handlers still run. */
export type Outcome = HandlerResult | "failed" | "stored" | "duplicate" | "running" | "rejected";

/** The success that the vendor documents. */
export const OK_BODY = "{}";

/** The response to an error: its code and message only. */
export function errorResponse(error: AirudderError, known: PushSummary, result: Outcome): HttpResponse {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  return { status: error.status, body, summary: known, result, error };
}

/** The headers of a response, without `Content-Length`. */
export function headersOf(answer: HttpResponse): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (answer.status === 405) headers.Allow = "POST";
  return headers;
}
