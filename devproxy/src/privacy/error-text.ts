import { constants } from "node:os";

/** Shorter payload values are not replaced: they would match parts of ordinary words. */
const MIN_LETTERS = 3;
/** Maximum number of words in a value whose words are also replaced one by one. */
const MAX_WORDS = 5;
/** Maximum number of payload values to look for. */
const MAX_VALUES = 20_000;
/** Longer texts are cut. */
const MAX_LETTERS = 8_000;

const CLASS =
  /^(?:Uncaught )?(?:[A-Za-z_$][\w$.]{0,60}(?:Error|Exception|Rejection|Timeout)|Error|thrown value)(?= \[|:|$)/;
const CODE = /^ \[([A-Z][A-Z0-9_]{1,60}|\d{1,6}|[A-Z0-9]{5})\]/;
const LOCATION = /^(\s+at )(?:(.*) )?\(?((?:[a-z]+:)?[^()\s]*:\d+:\d+|<anonymous>|native)\)?$/;
const FUNCTION = /^(?:async |new )?[\w$.<>#]{1,100}(?: \[as [\w$.]{1,60}\])?$/;
const CAUSE = "; caused by ";
const EMAIL = /[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
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
  const values = valuesOf(payload);
  return (text) => {
    // Inserts the placeholders at the end, so that no value is found inside one.
    const found: string[] = [];
    const keep = (placeholder: string) => `\u0000${found.push(placeholder) - 1}\u0000`;
    let rest = text.replaceAll("\u0000", " ");
    let lower = rest.toLowerCase();
    for (const [form, value] of values) {
      if (!lower.includes(form.toLowerCase())) continue;
      rest = rest.replace(new RegExp(escaped(form), "giu"), () => keep(replace("value", value)));
      lower = rest.toLowerCase();
    }
    rest = rest.replace(EMAIL, (one) => keep(replace("email", one)));
    const parts = rest.split(/(\u0000\d+\u0000)/);
    return parts
      .map((part, place) => (place % 2 === 0 ? part.replace(DIGITS, (one) => keep(replace("digits", one))) : part))
      .join("")
      .replace(/\u0000(\d+)\u0000/g, (_, place) => found[Number(place)] as string);
  };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, (letter) => `\\${letter}`).replace(/\s+/g, "\\s+");
}

/** The values of a payload, and its keys that are not field names, in the forms that a message may quote. Longest first, so that no part remains. */
function valuesOf(payload: unknown): [form: string, value: string][] {
  const found = new Map<string, string>();
  const queue: unknown[] = [payload];
  const add = (value: string): void => {
    const text = value.trim();
    const words = text.split(/\s+/, MAX_WORDS + 1);
    // A message may quote one word of a name or of an address.
    if (words.length > 1 && words.length <= MAX_WORDS) for (const word of words) add(word);
    for (const form of [text, JSON.stringify(text).slice(1, -1), encoded(text)])
      if (form.length >= MIN_LETTERS && !found.has(form)) found.set(form, text);
  };
  for (let i = 0; i < queue.length && found.size < MAX_VALUES; i++) {
    const value = queue[i];
    if (typeof value === "string") add(value);
    else if (typeof value === "number") {
      add(String(value));
      for (const locale of ["en", "de"])
        if (Math.abs(value) >= 1000) found.set(value.toLocaleString(locale), String(value));
    } else if (Array.isArray(value)) for (const item of value) queue.push(item);
    else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) {
        if (!/^[A-Za-z_][\w-]{0,39}$/.test(key) || /\d{5}/.test(key)) add(key);
        queue.push(child);
      }
    }
  }
  return [...found].sort(([a], [b]) => b.length - a.length);
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
