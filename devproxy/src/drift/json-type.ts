/** The JSON Schema types, in the order in which a schema change lists them. */
export const JSON_TYPES = ["string", "integer", "number", "boolean", "null", "array", "object"] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** The narrowest type of a JSON value. */
export function jsonType(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as JsonType;
}

/** Whether a type takes values of another: an integer is a number too. */
export function takes(type: string, other: JsonType): boolean {
  return type === other || (type === "number" && other === "integer");
}

/** Types as a schema says them: each once, an integer not beside a number, one alone without a list. */
export function asKeyword(types: Iterable<string>): string | string[] {
  const all = new Set(types);
  if (all.has("number")) all.delete("integer");
  const list = [...all];
  return list.length === 1 ? (list[0] as string) : list;
}
