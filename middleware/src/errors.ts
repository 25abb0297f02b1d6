/** Every error code with its HTTP status. `invalid_option` and `no_handler` are never sent as a response. */
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
  no_handler: 409,
} as const;

/** The stable code of an error. Use it in conditions. */
export type AirudderErrorCode = keyof typeof STATUS;

/** Details of an error for your logs. They are not sent to the sender. `hint` contains no personal data; `cause` is not redacted. */
export interface ErrorEvidence {
  /** The likely cause and how to fix it. */
  hint?: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * An error of this package. `code` is stable, `status` is the HTTP status of the response, `message` is sent to the sender, and
 * `evidence` is only for the developer of the app.
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

/** The error for a body of more than `limit` bytes. */
export function tooLarge(limit: number): AirudderError {
  return new AirudderError("too_large", `The body is larger than ${limit} bytes.`, {
    hint: "If Airudder sent this push, raise the option maxBodyBytes.",
  });
}
