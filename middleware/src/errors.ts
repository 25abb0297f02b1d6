/** Every error code with its HTTP status. `invalid_option`, `not_found` and `no_handler` are never sent as a response. */
const STATUS = {
  method_not_allowed: 405,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  too_large: 413,
  empty_body: 400,
  malformed_json: 400,
  not_an_object: 400,
  missing_sign: 401,
  bad_sign: 401,
  bad_token: 401,
  replay_not_allowed: 403,
  body_timeout: 408,
  handler_failed: 500,
  body_already_consumed: 500,
  busy: 503,
  inbox_unavailable: 503,
  invalid_option: 500,
  not_found: 404,
  no_handler: 409,
} as const;

/** What went wrong, as a stable word to branch on. */
export type AirudderErrorCode = keyof typeof STATUS;

/** What is known about an error, for logs: never personal data, and never sent to the sender. */
export interface ErrorEvidence {
  /** What the owner of the receiver most likely has to fix. */
  hint?: string;
  /** The error that led to this one. */
  cause?: unknown;
}

/**
 * An error of this package. `code` is stable, `status` is the HTTP status it is answered with, `message` is what the sender is told,
 * `evidence` is for the receiver's owner alone.
 */
export class AirudderError extends Error {
  override readonly name = "AirudderError";
  readonly status: number;

  constructor(
    readonly code: AirudderErrorCode,
    message: string,
    readonly evidence: ErrorEvidence = {},
  ) {
    super(message, evidence.cause === undefined ? undefined : { cause: evidence.cause });
    this.status = STATUS[code];
  }
}

/** The refusal of a body over the limit. */
export function tooLarge(limit: number): AirudderError {
  return new AirudderError("too_large", `The body is larger than ${limit} bytes.`, {
    hint: "If it is a push of the vendor's, raise the option maxBodyBytes.",
  });
}
