import { constants } from "node:os";
import { replacePersonalData } from "airudder-webhooks/inspect";
import { replacePhonesAndEmails } from "./personal-data.js";

/** Maximum length of a text, in characters. A longer one is cut. */
const MAX_LENGTH = 8_000;

const CLASS =
  /^(?:Uncaught )?(?:[A-Za-z_$][\w$.]{0,60}(?:Error|Exception|Rejection|Timeout)|Error|thrown value)(?= \[|:|$)/;
const CODE = /^ \[([A-Z][A-Z0-9_]{1,60}|\d{1,6}|[A-Z0-9]{5})\]/;
const LOCATION = /^(\s+at )(?:(.*) )?\(?((?:[a-z]+:)?[^()\s]*:\d+:\d+|<anonymous>|native)\)?$/;
const FUNCTION = /^(?:async |new )?[\w$.<>#]{1,100}(?: \[as [\w$.]{1,60}\])?$/;
/** The folder of a package, such as package@1.2.3, which looks like an e-mail address. */
const PACKAGE = /@v?\d+(?:\.\d+)+(?:[-+_].*)?(?<!\.[a-z]{2,})$/i;
const CAUSE = "; caused by ";
/** Five digits or more, with the separators that phone numbers, amounts and dates have. */
const DIGITS = /\+?\(?\d(?:[\s().,:/-]{0,2}\d){4,}/g;
const SYSTEM_CODE = /[A-Z][A-Z0-9_]{3,40}/g;

/** Returns the placeholder of a value. */
export type Replace = (kind: "value" | "email" | "digits" | "message", value: string) => string;

type RedactText = (text: string) => string;

/**
 * An error's text without personal data. Class, code and stack locations stay. In messages, placeholders replace the values of the
 * payload, e-mail addresses and runs of digits.
 * @param payload the push's payload; without one, a placeholder replaces the whole message, because the values are unknown
 */
export function redactError(text: string, payload: unknown, replace: Replace): string {
  const redact = payload === undefined ? messageRedactor(replace) : valueRedactor(payload, replace);
  const redactName = payload === undefined ? (name: string) => name : redact;
  const lines = text.slice(0, MAX_LENGTH).split("\n");
  return lines
    .map((line) => redactLocation(line, redact, redactName, replace) ?? redactMessage(line, redact))
    .join("\n");
}

/** A line of a stack, redacted; `undefined` for any other line. */
function redactLocation(
  line: string,
  redact: RedactText,
  redactName: RedactText,
  replace: Replace,
): string | undefined {
  const [, at, name, location = ""] = LOCATION.exec(line) ?? [];
  if (at === undefined) return undefined;
  const place = redactPlace(location, replace);
  if (name === undefined) return `${at}${place}`;
  const redactedName = FUNCTION.test(name) ? redactName(name) : redact(name);
  return redactedName === name && place === location ? line : `${at}${redactedName} (${place})`;
}

/** The path, line and column of a stack line, without phone numbers and e-mail addresses. */
function redactPlace(location: string, replace: Replace): string {
  return replacePhonesAndEmails(location, (kind, value) => {
    if (kind === "email") return PACKAGE.test(value) ? value : replace("email", value);
    return replace("digits", value);
  });
}

/** A line with the messages of the error and of its causes, redacted. Their classes and codes stay. */
function redactMessage(line: string, redact: RedactText): string {
  const parts = line.split(CAUSE).map((part) => {
    const name = CLASS.exec(part)?.[0] ?? "";
    const code = (name && CODE.exec(part.slice(name.length))?.[0]) ?? "";
    const rest = part.slice(name.length + code.length);
    const colon = /^: |^/.exec(rest)?.[0] ?? "";
    return `${name}${code}${colon}${redact(rest.slice(colon.length))}`;
  });
  return parts.join(CAUSE);
}

/** Replaces a whole text by one placeholder, and keeps only the system's error codes in it, such as `ECONNREFUSED`. */
function messageRedactor(replace: Replace): RedactText {
  return (text) => {
    if (text.trim() === "") return text;
    const codes = (text.match(SYSTEM_CODE) ?? []).filter(
      (word) => Object.hasOwn(constants.errno, word) || word.startsWith("ERR_"),
    );
    return [...new Set(codes), replace("message", text)].join(" ");
  };
}

/** Replaces only the values of the payload, e-mail addresses and runs of digits. */
function valueRedactor(payload: unknown, replace: Replace): RedactText {
  return (text) => replacePersonalData(text, payload, DIGITS, replace);
}
