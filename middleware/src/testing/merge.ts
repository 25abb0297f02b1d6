/** The fields of a payload that a test sets. A list in the result has as many elements as its override. The other fields come from the sample. */
export type Overrides<T> = T extends readonly (infer E)[]
  ? readonly Overrides<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Overrides<T[K]> }
    : T;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A deep copy of `base` with `overrides` merged over it. `undefined` removes a field. A list gets the length of its override. Additional
 * elements are merged over the last element of `base`.
 */
export function merge(base: unknown, overrides: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(overrides)) {
    return overrides.map((element, i) => merge(i < base.length ? base[i] : base.at(-1), element));
  }
  if (!isObject(base) || !isObject(overrides)) return structuredClone(overrides);
  const merged: Record<string, unknown> = structuredClone(base);
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) delete merged[key];
    else
      Object.defineProperty(merged, key, {
        value: merge(merged[key], value),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return merged;
}
