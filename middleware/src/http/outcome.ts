import { classOf, messageOf } from "../observe/describe-error.js";
import type { HttpResponse } from "../receiver/response.js";

/** Maximum length of `error` in the header, after escaping. Characters. */
const MAX_ERROR_LENGTH = 1_000;

/**
 * The value of the header `Airudder-Outcome`: JSON in ASCII.
 * @param withError whether to include the class and message of a handler's error. Pass `true` only if replays are allowed.
 */
export function outcomeHeader({ summary, result, error }: HttpResponse, ms: number, withError: boolean): string {
  const cause = withError ? error?.evidence.cause : undefined;
  const errorField = cause === undefined ? {} : { error: errorText(cause) };
  return escapeNonAscii(JSON.stringify({ ...summary, result, ms: Math.round(ms * 1000) / 1000, ...errorField }));
}

function errorText(cause: unknown): string {
  const errorClass = classOf(cause);
  const text = errorClass === "" ? messageOf(cause) : `${errorClass}: ${messageOf(cause)}`;
  let end = Math.min(text.length, MAX_ERROR_LENGTH);
  while (escapeNonAscii(JSON.stringify(text.slice(0, end))).length > MAX_ERROR_LENGTH) end = Math.floor(end * 0.8);
  return text.slice(0, end);
}

function escapeNonAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
