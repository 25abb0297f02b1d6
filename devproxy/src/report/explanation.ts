import type { AirudderErrorCode } from "airudder-webhooks";

/** The codes that airudder-webhooks sends, and what each means. The message of a response is redacted, because any app may have written it. */
const EXPLANATIONS: Readonly<Record<Exclude<AirudderErrorCode, "invalid_option" | "no_handler">, string>> = {
  bad_sign: "the signature is wrong",
  bad_token: "the token is missing or wrong",
  body_already_consumed: "a body parser before the middleware consumed the body",
  body_timeout: "the body did not arrive in time",
  busy: "the app did not respond before its deadline, or it is closing",
  empty_body: "the body is empty",
  handler_failed: "a handler failed",
  inbox_unavailable: "the inbox could not store the push",
  malformed_json: "the body is not JSON",
  method_not_allowed: "the method is not POST",
  missing_sign: "the push has no signature",
  not_an_object: "the body is not a JSON object",
  replay_not_allowed: "the app does not accept replays from this address",
  too_large: "the body is larger than the app allows",
  unsupported_encoding: "the content encoding is not gzip, deflate or br",
  unsupported_media_type: "the content type is not JSON in UTF-8",
};

/** What an error code of airudder-webhooks means; `undefined` for another code or text. */
export function explanationOf(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(EXPLANATIONS, code)
    ? EXPLANATIONS[code as keyof typeof EXPLANATIONS]
    : undefined;
}

/** A reason why a push failed, with its explanation if it is a known code: `busy: the app did not respond ...`. */
export function explainedReason(reason: string): string {
  const explanation = explanationOf(reason);
  return explanation === undefined ? reason : `${reason}: ${explanation}`;
}
