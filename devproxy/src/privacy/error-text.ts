import { constants } from "node:os";
import { replaceQuoted } from "airudder-webhooks/inspect";

/** Longer texts are cut. */
const MAX_LETTERS = 8_000;

const CLASS =
  /^(?:Uncaught )?(?:[A-Za-z_$][\w$.]{0,60}(?:Error|Exception|Rejection|Timeout)|Error|thrown value)(?= \[|:|$)/;
const CODE = /^ \[([A-Z][A-Z0-9_]{1,60}|\d{1,6}|[A-Z0-9]{5})\]/;
const LOCATION = /^(\s+at )(?:(.*) )?\(?((?:[a-z]+:)?[^()\s]*:\d+:\d+|<anonymous>|native)\)?$/;
const FUNCTION = /^(?:async |new )?[\w$.<>#]{1,100}(?: \[as [\w$.]{1,60}\])?$/;
const CAUSE = "; caused by ";
/** Five digits or more, with the separators that phone numbers, amounts and dates have. */
const DIGITS = /\+?\(?\d(?:[\s().,:/-]{0,2}\d){4,}/g;
const WORD = /[A-Z][A-Z0-9_]{3,40}/g;

/** Gives the placeholder of a value. */
export type Replace = (kind: "value" | "email" | "digits" | "message", value: string) => string;

type Hide = (text: string) => string;

/**
 * An error's text without personal data. Class, code and stack locations stay. In messages, placeholders replace the values of the
 * payload, e-mail addresses and runs of digits.
 * @param payload the push's payload; without one, a placeholder replaces the whole message, because the values are unknown
 */
export function redactError(text: string, payload: unknown, replace: Replace): string {
  const hide = payload === undefined ? hideMessage(replace) : hideValues(payload, replace);
  const hideName = payload === undefined ? (name: string) => name : hide;
  const lines = text.slice(0, MAX_LETTERS).split("\n");
  return lines.map((line) => locationOf(line, hide, hideName) ?? messageOf(line, hide)).join("\n");
}

/** A line of a stack; `undefined` for another line. */
function locationOf(line: string, hide: Hide, hideName: Hide): string | undefined {
  const [, at, name, place] = LOCATION.exec(line) ?? [];
  if (at === undefined) return undefined;
  if (name === undefined) return `${at}${place}`;
  const shown = FUNCTION.test(name) ? hideName(name) : hide(name);
  return shown === name ? line : `${at}${shown} (${place})`;
}

/** A line of messages, with the classes and codes of the error and of its causes. */
function messageOf(line: string, hide: Hide): string {
  const parts = line.split(CAUSE).map((part) => {
    const name = CLASS.exec(part)?.[0] ?? "";
    const code = (name && CODE.exec(part.slice(name.length))?.[0]) ?? "";
    const rest = part.slice(name.length + code.length);
    const colon = /^: |^/.exec(rest)?.[0] ?? "";
    return `${name}${code}${colon}${hide(rest.slice(colon.length))}`;
  });
  return parts.join(CAUSE);
}

/** Keeps only the error codes of the system, which are not personal. */
function hideMessage(replace: Replace): Hide {
  return (text) => {
    if (text.trim() === "") return text;
    const codes = (text.match(WORD) ?? []).filter(
      (word) => Object.hasOwn(constants.errno, word) || word.startsWith("ERR_"),
    );
    return [...new Set(codes), replace("message", text)].join(" ");
  };
}

function hideValues(payload: unknown, replace: Replace): Hide {
  return (text) => replaceQuoted(text, payload, DIGITS, replace);
}
