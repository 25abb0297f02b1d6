import { type PathStyle, pointerStep } from "airudder-webhooks/inspect";
import { isFieldName } from "../privacy/index.js";

/** A value that the keyword `enum` may list. */
export type Scalar = string | number | boolean | null;

export function isScalar(value: unknown): value is Scalar {
  return typeof value !== "object" || value === null;
}

/** Whether a value that the schema does not list may be shown. A text or a number may be personal data. */
export function isShown(value: Scalar, reveal: boolean): boolean {
  return reveal || value === null || typeof value === "boolean" || value === "";
}

/** Whether the name of a field may be shown: not if it looks like personal data, such as a phone number. */
export function isShownName(name: string, reveal: boolean): boolean {
  return reveal || isFieldName(name);
}

/** Maximum length of a name in a path. The sender chooses the names. */
const MAX_NAME = 64;

/**
 * Returns how the paths of drift are written: `*` stands for the index of an array, and for a key that the schema does not name. A name that
 * may not be shown is `<hidden>`.
 */
export function pathStyle(reveal: boolean): PathStyle {
  const named = (name: string): string => {
    const short = name.slice(0, MAX_NAME);
    return short === "" || isShownName(short, reveal) ? pointerStep(short) : "/<hidden>";
  };
  return { documented: named, unknown: named, additional: () => "/*", item: () => "/*" };
}
