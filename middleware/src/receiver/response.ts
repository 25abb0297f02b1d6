import type { AirudderError } from "../errors.js";
import type { HandlerResult } from "./handlers.js";

/** A response to the sender. */
export interface HttpResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** `summary` and `result` are sent only in the header `Airudder-Outcome`, and only if the request asks for it. */
  readonly summary: PushSummary;
  readonly result: OutcomeResult;
  /** The error that caused the response; absent if the status is 200. */
  readonly error?: AirudderError;
}

/** What the header `Airudder-Outcome` reports about a push, besides its result. */
export interface PushSummary {
  readonly type: string;
  readonly verified: boolean;
  readonly duplicate: boolean;
  /** Number of drift entries. */
  readonly drift: number;
  /** Present if an earlier parser consumed the received bytes, so that the body was re-serialised from the parsed object. */
  readonly reserialised?: true;
}

/** The result that the header `Airudder-Outcome` reports. `running`: the deadline passed before the push was stored or handled. */
export type OutcomeResult = HandlerResult | "failed" | "stored" | "duplicate" | "running" | "rejected";

/** The body that the vendor documents for success. */
export const OK_BODY = "{}";

/** The response to an error. Its body contains only the code and the message. */
export function errorResponse(error: AirudderError, summary: PushSummary, result: OutcomeResult): HttpResponse {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  return { status: error.status, body, summary, result, error };
}

/** The headers of a response, without `Content-Length`. */
export function headersOf({ status }: HttpResponse): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (status === 405) headers.Allow = "POST";
  return headers;
}
