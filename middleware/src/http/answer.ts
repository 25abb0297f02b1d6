import type { AirudderError } from "../errors.js";
import type { Result } from "../work/handlers.js";

/** A response to the sender. */
export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** What the receiver made of the push; only sent to a dev proxy that asks for it. */
  readonly outcome?: Outcome;
  /** The error behind the response. */
  readonly error?: AirudderError;
}

/** What the receiver made of a push, as the dev proxy shows it. */
export interface Outcome {
  readonly type: string;
  readonly verified: boolean;
  readonly duplicate: boolean;
  /** Number of drift entries. */
  readonly drift: number;
  /** An earlier parser took the bytes: they were made from its object. */
  readonly reserialised?: true;
  /** Result of the push; `running` when the deadline has passed and its handlers go on. */
  readonly result: Result | "failed" | "stored" | "duplicate" | "running" | "rejected";
}

/** The success that the vendor documents. */
export const OK_BODY = "{}";

/** An error as a response. An error that is not of this package tells the sender nothing of itself. */
export function refuse(error: AirudderError, outcome: Outcome): Answer {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  return { status: error.status, body, error, outcome };
}

/** The headers of a response, besides its length. */
export function headersOf(answer: Answer): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (answer.status === 405) headers.Allow = "POST";
  return headers;
}
