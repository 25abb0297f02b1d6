import type { PushSchema } from "airudder-webhooks/inspect";

/** The kind of a redacted value: the word in its placeholder. */
export type Kind =
  | NonNullable<PushSchema["shape"]["personal"]>
  | "number"
  | "value"
  | "digits"
  | "message"
  | "header"
  | "key";

const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
/** The form of the push ids that the middleware makes: time, count and process. */
const PUSH_ID = "\\b0(?=[0-9a-z]*[a-z])[0-9a-z]{12,16}[0-9a-f]{12}\\b";
/** Runs of digits that are not personal: ids, hexadecimal numbers, times and IP addresses. */
const HARMLESS_DIGITS = [
  PUSH_ID,
  "\\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\b",
  "\\b(?=[0-9]*[a-f])[0-9a-f]{16,64}\\b",
  "\\b\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?(?!\\d)",
  `(?<![\\d.])${OCTET}(?:\\.${OCTET}){3}(?::\\d{1,5})?(?![\\d.])`,
].join("|");
/** At least seven digits with the separators of national or international phone numbers, also percent-encoded. */
const PHONE = "(?:\\+|%2b)?\\(?\\d(?:(?:[\\s().\\-/]|%20){0,3}\\d){6,}";
const DIGITS = new RegExp(`(${HARMLESS_DIGITS})|${PHONE}`, "gi");
const EMAIL =
  /[^\s@<>"'(),:;=&?/[\]\\]{1,64}(?:@|%40)[^\s@<>"'(),:;=&?/[\]\\.%]{1,63}(?:\.[^\s@<>"'(),:;=&?/[\]\\.%]{1,63})+/gi;

/** A text with its phone numbers and e-mail addresses replaced. */
export function replaceWithin(text: string, replace: (kind: "phone" | "email", value: string) => string): string {
  const hasMail = /@|%40/.test(text);
  const parts = hasMail
    ? text.replace(EMAIL, (value) => `\u0000${replace("email", value)}\u0000`).split("\u0000")
    : [text];
  const rest = parts.map((part, place) =>
    place % 2 === 1
      ? part
      : part.replace(DIGITS, (value, known) => (known === undefined ? replace("phone", value) : value)),
  );
  return rest.join("");
}

/** The kind of a value by its form, for fields that no schema describes. */
export function kindOfLook(text: string): "phone" | "email" | "link" | "text" {
  if (/^(?:\+|\()?\d(?:[\s().\-/]{0,3}\d){6,14}$/.test(text) && !/^\d{4}-\d\d-\d\d/.test(text)) return "phone";
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return "email";
  return /^https?:\/\/\S+$/i.test(text) ? "link" : "text";
}

/** Whether a text looks like a field name or an index, and not like a person's name or number. */
export function isFieldName(name: string): boolean {
  return (
    /^(?:[A-Za-z_$][\w$-]{0,63}|\d{1,5}|\*)$/.test(name) &&
    !/\d{5}/.test(name.replace(/[_-]/g, "").replace(/^\d{1,5}$/, ""))
  );
}

/** Whether an id is not personal: a UUID, or hexadecimal with letters and at least 16 digits. */
export function isHarmlessId(text: string): boolean {
  return (
    /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) || /^(?=.*[a-f])(?=.*\d)[0-9a-f]{16,64}$/i.test(text)
  );
}
