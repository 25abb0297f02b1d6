/** The JSON Schema types, in the order in which a schema patch lists them. */
export const JSON_TYPES = ["string", "integer", "number", "boolean", "null", "array", "object"] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** Returns the narrowest type of a JSON value. */
export function jsonType(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as JsonType;
}

/** Returns the value of the keyword `type` that allows the given types. Omits duplicates, and `integer` if there is `number`. */
export function typeKeyword(types: Iterable<string>): string | string[] {
  const all = new Set(types);
  if (all.has("number")) all.delete("integer");
  const list = [...all];
  return list.length === 1 ? (list[0] as string) : list;
}
