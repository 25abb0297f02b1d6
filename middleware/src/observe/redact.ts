/** Shorter payload values are only replaced where they stand as a word of their own. */
const MIN_ANYWHERE = 4;
/** Values beyond this many are not looked at: a payload this large is not quoted whole in a message. */
const MAX_VALUES = 20_000;
const MAX_MESSAGE = 2_000;

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
/** Digits as phone numbers are written: at least seven, with separators in between. */
const PHONE = /(?<![\w])\+?\(?\d(?:[\s().-]{0,2}\d){6,}(?![\w])/g;

const PLACEHOLDER = "[value]";

/**
 * A text without personal data: each value of the payload that it quotes, and all that looks like a phone number or an e-mail address,
 * is replaced by a placeholder.
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

/** The texts and numbers of a payload, and the keys that look like data; the longest first, so that no part of one is left. */
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
