/** Shorter payload values are only replaced if they are whole words. */
const MIN_ANYWHERE = 4;
/** Maximum number of payload values to redact. No message quotes more. */
const MAX_VALUES = 20_000;
const MAX_MESSAGE = 2_000;

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
/** Digits as phone numbers are written: at least seven, with separators in between. */
const PHONE = /(?<![\w])\+?\(?\d(?:[\s().-]{0,2}\d){6,}(?![\w])/g;

const PLACEHOLDER = "[value]";

/**
 * Redacts personal data in a text: placeholders replace values of the payload, and anything that looks like a phone number or an e-mail
 * address.
 */
export function redact(text: string, payload: unknown): string {
  let redacted = text.slice(0, MAX_MESSAGE);
  const values = valuesOf(payload);
  for (const value of values) {
    if (value.length >= MIN_ANYWHERE) redacted = redacted.replaceAll(value, PLACEHOLDER);
  }
  redacted = redacted.replace(EMAIL, "[email]").replace(PHONE, "[phone]");
  for (const value of values) {
    if (value.length < MIN_ANYWHERE && redacted.includes(value))
      redacted = redacted.replace(asWord(value), PLACEHOLDER);
  }
  return redacted;
}

function asWord(value: string): RegExp {
  return new RegExp(`(?<![\\w])${value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(?![\\w])`, "gu");
}

/** The strings and numbers of a payload, and keys that look like data. Longest first, so that no part of a value remains. */
function valuesOf(payload: unknown): string[] {
  const found = new Set<string>();
  const queue: unknown[] = [payload];
  for (let i = 0; i < queue.length && found.size < MAX_VALUES; i++) {
    const value = queue[i];
    if (typeof value === "string") {
      if (value.trim() !== "") found.add(value).add(value.trim());
    } else if (typeof value === "number" || typeof value === "bigint") found.add(String(value));
    else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) {
        if (!/^[\w ]{0,64}$/.test(key) || /\d{5}/.test(key)) found.add(key);
        queue.push(child);
      }
    }
  }
  return [...found].sort((a, b) => b.length - a.length);
}
