import type { AirudderError } from "../errors.js";

/** What the sender is told. */
export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** What the receiver made of the push; only sent to a dev proxy that asks for it. */
  readonly outcome?: Outcome;
  /** The error that was answered, for the observer. */
  readonly error?: AirudderError;
}

/** What the receiver made of a push, as the dev proxy shows it. */
export interface Outcome {
  readonly type: string;
  readonly verified: boolean;
  readonly duplicate: boolean;
  readonly drift: number;
  /** An earlier parser took the bytes: they were made from its object. */
  reserialised?: true;
}

/** The success that the vendor documents. */
export const OK_BODY = "{}";

/** An error as an answer. An error that is not of this package tells the sender nothing of itself. */
export function refuse(error: AirudderError, outcome?: Outcome): Answer {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  return outcome === undefined ? { status: error.status, body, error } : { status: error.status, body, error, outcome };
}

/** The headers that go with an answer, besides its length. */
export function headersOf(answer: Answer): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (answer.status === 405) headers.Allow = "POST";
  return headers;
}
