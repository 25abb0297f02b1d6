import { replaceQuoted } from "./quoted.js";

const MAX_MESSAGE = 2_000;

/** Digits as phone numbers are written: at least seven, with separators in between. */
const PHONE = /(?<![\w])\+?\(?\d(?:[\s().-]{0,2}\d){6,}(?![\w])/g;

/**
 * Redacts personal data in a text: placeholders replace what it quotes of the payload, and anything that looks like a phone number or an
 * e-mail address.
 */
export function redact(text: string, payload: unknown): string {
  return replaceQuoted(text.slice(0, MAX_MESSAGE), payload, PHONE, (kind) =>
    kind === "digits" ? "[phone]" : `[${kind}]`,
  );
}
