import { kindOfName } from "../privacy/fields.js";
import { isWord } from "../privacy/word.js";

/** A value that a list of values may hold. */
export type Scalar = string | number | boolean | null;

export function isScalar(value: unknown): value is Scalar {
  return typeof value !== "object" || value === null;
}

/** Whether a value may be shown: it looks like a word of a vocabulary, or says nothing about anyone, or all may be shown. */
export function isShown(value: Scalar, reveal: boolean): boolean {
  if (reveal || value === null || typeof value === "boolean" || value === "") return true;
  return typeof value === "string" && isWord(value);
}

/** A value that a schema lists, so that the text `null` and null are told apart. */
export function listed(value: unknown): string {
  return typeof value === "string" && isWord(value) && !/^(null|true|false)$/.test(value)
    ? value
    : JSON.stringify(value);
}

/** Whether the name of a field may be shown: it is not the number of someone. */
export function isShownName(name: string, reveal: boolean): boolean {
  return reveal || kindOfName(name) === undefined;
}

/** A path without the names that are not shown. */
export function shownPath(path: string, reveal: boolean): string {
  return path
    .split("/")
    .map((step) => (isShownName(step, reveal) ? step : "<hidden>"))
    .join("/");
}
