import type { AirudderError } from "../errors.js";
import type { HandlerResult } from "./handlers.js";

/** A response to the sender. */
export interface HttpResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Sent, with `result`, only to a dev proxy that asks for it. */
  readonly summary: PushSummary;
  readonly result: Outcome;
  /** The error that caused the response. */
  readonly error?: AirudderError;
}

/** The properties of a push that the receiver has determined. */
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

/** The body of a response 200, as the vendor documents it. */
export const OK_BODY = "{}";

/** The response to an error: its code and message only. */
export function errorResponse(error: AirudderError, summary: PushSummary, result: Outcome): HttpResponse {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  return { status: error.status, body, summary, result, error };
}

/** The headers of a response, without `Content-Length`. */
export function headersOf(response: HttpResponse): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (response.status === 405) headers.Allow = "POST";
  return headers;
}
