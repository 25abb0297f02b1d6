const ENUM_WORD = /^[A-Za-z][A-Za-z0-9 _.-]{0,39}$/;

/** A value that a list of values may hold. */
export type Scalar = string | number | boolean | null;

export function isScalar(value: unknown): value is Scalar {
  return typeof value !== "object" || value === null;
}

/** Whether a value may be shown: it looks like a word of a vocabulary, or says nothing about anyone, or all may be shown. */
export function isShown(value: Scalar, reveal: boolean): boolean {
  if (reveal || value === null || typeof value === "boolean" || value === "") return true;
  return typeof value === "string" && ENUM_WORD.test(value);
}
