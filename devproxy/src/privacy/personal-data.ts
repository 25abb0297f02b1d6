import type { PushSchema } from "airudder-webhooks/inspect";

/** The kind of a redacted value: the word in its placeholder. */
export type PlaceholderKind =
  | NonNullable<PushSchema["shape"]["personal"]>
  | "number"
  | "value"
  | "digits"
  | "message"
  | "header"
  | "key";

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
/** The push ids that the middleware generates: time, count and process. */
const PUSH_ID = "\\b0(?=[0-9a-z]*[a-z])[0-9a-z]{12,16}[0-9a-f]{12}\\b";
/** Runs of digits that are not personal: ids, hexadecimal numbers, times and IP addresses. */
const HARMLESS_DIGITS = [
  PUSH_ID,
  `\\b${UUID}\\b`,
  "\\b(?=[0-9]*[a-f])[0-9a-f]{16,64}\\b",
  "\\b\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?(?!\\d)",
  `(?<![\\d.])${OCTET}(?:\\.${OCTET}){3}(?::\\d{1,5})?(?![\\d.])`,
].join("|");

/** A national or international phone number of at least seven digits, with the usual separators, also percent-encoded. */
const phone = (maxDigits: number | "" = "") =>
  `(?:\\+|%2b)?\\(?\\d(?:(?:[\\s().\\-/]|%20){0,3}\\d){6,${maxDigits && maxDigits - 1}}`;
const EMAIL =
  "[^\\s@<>\"'(),:;=&?/[\\]\\\\]{1,64}(?:@|%40)[^\\s@<>\"'(),:;=&?/[\\]\\\\.%]{1,63}(?:\\.[^\\s@<>\"'(),:;=&?/[\\]\\\\.%]{1,63})+";

/** Quick to test, so the slower pattern runs only on texts that match this one. */
const MAY_HAVE_EMAIL = /@|%40/;
const ALL_EMAILS = new RegExp(EMAIL, "gi");
const ALL_PHONES = new RegExp(`(${HARMLESS_DIGITS})|${phone()}`, "gi");

/** A text with its phone numbers and e-mail addresses replaced. */
export function replacePhonesAndEmails(
  text: string,
  replace: (kind: "phone" | "email", value: string) => string,
): string {
  const replacePhones = (part: string) =>
    part.replace(ALL_PHONES, (value, harmless) => (harmless === undefined ? replace("phone", value) : value));
  if (!MAY_HAVE_EMAIL.test(text)) return replacePhones(text);
  let result = "";
  let end = 0;
  for (const { 0: email, index } of text.matchAll(ALL_EMAILS)) {
    result += replacePhones(text.slice(end, index)) + replace("email", email);
    end = index + email.length;
  }
  return result + replacePhones(text.slice(end));
}

/** Longer runs of digits, such as those of an identity card, are not phone numbers (E.164). */
const IS_PHONE = new RegExp(`^${phone(15)}$`, "i");
const IS_DATE = /^\d{4}-\d\d-\d\d/;
const HAS_EMAIL = new RegExp(EMAIL, "i");

/** The probable kind of a value that no schema describes. */
export function guessKind(text: string): "phone" | "email" | "link" | "text" {
  if (IS_PHONE.test(text) && !IS_DATE.test(text)) return "phone";
  if (MAY_HAVE_EMAIL.test(text) && !/\s/.test(text) && HAS_EMAIL.test(text)) return "email";
  return /^https?:\/\/\S+$/i.test(text) ? "link" : "text";
}

/** Whether a text looks like a field name or an index, and not like a person's name or number. */
export function isFieldName(name: string): boolean {
  return (
    /^(?:[A-Za-z_$][\w$-]{0,63}|\d{1,5}|\*)$/.test(name) &&
    !/\d{5}/.test(name.replace(/[_-]/g, "").replace(/^\d{1,5}$/, ""))
  );
}

const IS_HARMLESS_ID = new RegExp(`^${UUID}$|^(?=.*[a-f])(?=.*\\d)[0-9a-f]{16,64}$`, "i");

/** Whether an id is not personal: a UUID, or 16 to 64 hexadecimal digits, both letters and decimal ones. */
export function isHarmlessId(text: string): boolean {
  return IS_HARMLESS_ID.test(text);
}
