/** As much of a payload as a test wants to be otherwise; lists are merged element by element. */
export type Overrides<T> = T extends readonly (infer E)[]
  ? readonly Overrides<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Overrides<T[K]> }
    : T;

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A deep copy of `base` with what `overrides` says put over it; `undefined` takes a field away. */
export function merge(base: unknown, overrides: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(overrides)) {
    const longer = base.length > overrides.length ? base : overrides;
    return longer.map((_, i) => (i < overrides.length ? merge(base[i], overrides[i]) : structuredClone(base[i])));
  }
  if (!isPlain(base) || !isPlain(overrides)) return structuredClone(overrides);
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
