import { classOf, messageOf } from "../observe/describe-error.js";
import type { Answer } from "./answer.js";

/** Maximum length of the `error` in the header, as it is written. */
const MAX_ERROR = 1_000;

/**
 * The value of the header `Airudder-Outcome`: JSON in ASCII.
 * @param withError whether the class and message of a handler's error may be told: only where replays are allowed
 */
export function outcomeHeader({ outcome, error }: Answer, ms: number, withError: boolean): string {
  const cause = withError ? error?.evidence.cause : undefined;
  const told = cause === undefined ? {} : { error: errorText(cause) };
  return ascii(JSON.stringify({ ...outcome, ms: Math.round(ms * 1000) / 1000, ...told }));
}

function errorText(cause: unknown): string {
  const kind = classOf(cause);
  const text = kind === "" ? messageOf(cause) : `${kind}: ${messageOf(cause)}`;
  let end = Math.min(text.length, MAX_ERROR);
  while (ascii(JSON.stringify(text.slice(0, end))).length > MAX_ERROR) end = Math.floor(end * 0.8);
  return text.slice(0, end);
}

function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
