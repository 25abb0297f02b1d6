import type { PlaceholderKind } from "./personal-data.js";
import { Placeholders } from "./placeholders.js";

/** A date, with or without a time of day. */
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
/** A label of one letter or digit, such as an intention, says nothing about a person. */
const SHORT_LABEL = /^[A-Za-z0-9]$/;
/** Area codes of phone numbers that start with `+1`. In each of them, 555-0100 to 555-0199 are reserved for fiction. */
const AREA_CODES = { first: 201, count: 600 };

/**
 * Replaces personal values by artificial ones of the same kind and type, so that a payload stays valid: a phone number by a number that is
 * reserved for fiction, an id by one of the same form, a number by a number. Equal values get equal artificial ones. Dates stay.
 */
export class ArtificialValues extends Placeholders {
  protected override format(kind: PlaceholderKind, value: string, digest: string): string {
    const short = digest.slice(0, 6);
    switch (kind) {
      case "phone":
        return fictitiousPhone(digest, value.trim().startsWith("+"));
      case "email":
        return `person-${short}@example.com`;
      case "link":
        return `https://example.com/${short}`;
      case "signature":
        return "0".repeat(32);
      case "date":
        return DATE.test(value) ? value : withOtherCharacters(value, digest);
      case "label":
        return SHORT_LABEL.test(value) ? value : `label ${short}`;
      case "id":
      case "amount":
        return withOtherCharacters(value, digest);
      default:
        return `${kind} ${short}`;
    }
  }

  protected override numberToken(kind: PlaceholderKind, value: string): string {
    this.placeholder(kind, value); // counts it
    return withOtherDigits(value, this.digest(kind, value));
  }
}

function fictitiousPhone(digest: string, isInternational: boolean): string {
  const number = Number.parseInt(digest.slice(0, 8), 16);
  const areaCode = AREA_CODES.first + (Math.floor(number / 100) % AREA_CODES.count);
  return `${isInternational ? "+" : ""}1${areaCode}55501${String(number % 100).padStart(2, "0")}`;
}

/** Returns a text of the same form: other digits in place of digits, other letters in place of letters. */
function withOtherCharacters(text: string, digest: string): string {
  let index = 0;
  return text.replace(/[\p{L}\p{M}\p{N}]/gu, (character) => {
    const value = digitAt(digest, index++);
    if (/\p{N}/u.test(character)) return String(value % 10);
    const letter = String.fromCharCode(0x61 + value);
    return /\p{Lu}/u.test(character) ? letter.toUpperCase() : letter;
  });
}

/** Returns the text of a JSON number with other digits. It keeps the number of digits and, if there is one, the exponent. */
function withOtherDigits(text: string, digest: string): string {
  const [, mantissa = text, exponent = ""] = /^([^eE]*)([eE].*)?$/.exec(text) ?? [];
  let index = 0;
  return (
    mantissa.replace(/\d+/g, (run, at: number) =>
      Array.from(run, (_, i) => {
        const value = digitAt(digest, index++);
        // A number with several digits does not start with 0. The first digit stays small, so that the number stays a safe integer.
        const isFirst = i === 0 && run.length > 1 && mantissa[at - 1] !== ".";
        return String(isFirst ? 1 + (value % 8) : value % 10);
      }).join(""),
    ) + exponent
  );
}

/** A number from 0 to 15 for a position. */
function digitAt(digest: string, index: number): number {
  // The digest repeats, so the position is part of the number.
  return (Number.parseInt(digest[index % digest.length] as string, 16) + Math.floor(index / digest.length)) % 16;
}
