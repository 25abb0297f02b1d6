/** The value at the steps of a JSON pointer; `undefined` if there is none. Inherited fields are ignored. */
export function readAt(payload: unknown, steps: readonly string[]): unknown {
  let value = payload;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** The steps of a JSON pointer: `/pds/body` is `["pds", "body"]`. */
export function stepsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
