import { isFieldName } from "../privacy/index.js";

/** A value that a list of values may hold. */
export type Scalar = string | number | boolean | null;

export function isScalar(value: unknown): value is Scalar {
  return typeof value !== "object" || value === null;
}

/** Whether a value that the schema does not list may be shown: a text or a number may be personal data. */
export function isShown(value: Scalar, reveal: boolean): boolean {
  return reveal || value === null || typeof value === "boolean" || value === "";
}

const WORD = /^[A-Za-z][A-Za-z0-9 _.-]{0,39}$/;

/** A value that a schema lists, so that the text `null` and null are told apart. */
export function listed(value: unknown): string {
  return typeof value === "string" && WORD.test(value) && !/^(null|true|false)$/.test(value)
    ? value
    : JSON.stringify(value);
}

/** Whether the name of a field may be shown: it is not the number of someone. */
export function isShownName(name: string, reveal: boolean): boolean {
  return reveal || isFieldName(name);
}

/** A path without the names that are not shown. */
export function shownPath(path: string, reveal: boolean): string {
  return path
    .split("/")
    .map((step) => (step === "" || isShownName(step, reveal) ? step : "<hidden>"))
    .join("/");
}
