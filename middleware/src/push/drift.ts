import type { Shape } from "../generated/catalogue.js";

/** One place where a payload differs from its schema. Values are named by their type alone: they may be personal data. */
export interface Drift {
  /** JSON pointer into the payload, such as `/Details/0/RingType`. */
  readonly path: string;
  readonly kind: "unknown_field" | "missing_field" | "wrong_type" | "unknown_value";
  /** What the schema says. */
  readonly expected: string;
  /** What came, masked. */
  readonly got: string;
}

/** More entries than this say nothing new, and cost time that a hostile payload would like to take. */
const MOST_ENTRIES = 32;

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function isOfType(value: unknown, types: readonly string[]): boolean {
  const type = typeOf(value);
  return types.includes(type) || (type === "number" && Number.isInteger(value) && types.includes("integer"));
}

function describe(value: unknown): string {
  if (typeof value === "string") return `string of ${value.length}`;
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeOf(value);
}

function pointer(path: string, key: string): string {
  return `${path}/${key.slice(0, 64).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Everything in which `payload` differs from `shape`, up to 32 places, in the order of the payload. */
export function findDrift(shape: Shape, payload: unknown): Drift[] {
  const found: Drift[] = [];
  walk(shape, payload, "", found);
  return found;
}

function walk(shape: Shape, value: unknown, path: string, found: Drift[]): void {
  if (shape.type !== undefined && !isOfType(value, shape.type)) {
    found.push({ path, kind: "wrong_type", expected: shape.type.join(" or "), got: describe(value) });
  } else if (shape.enum !== undefined && !shape.enum.includes(value)) {
    found.push({
      path,
      kind: "unknown_value",
      expected: `one of ${shape.enum.map(String).join(", ")}`,
      got: describe(value),
    });
  } else if (Array.isArray(value)) {
    if (shape.items !== undefined) walkItems(shape.items, value, path, found);
  } else if (typeof value === "object" && value !== null) {
    walkFields(shape, value as Record<string, unknown>, path, found);
  }
}

function walkItems(items: Shape, values: readonly unknown[], path: string, found: Drift[]): void {
  for (let i = 0; i < values.length && found.length < MOST_ENTRIES; i++) walk(items, values[i], `${path}/${i}`, found);
}

function walkFields(shape: Shape, value: Record<string, unknown>, path: string, found: Drift[]): void {
  for (const key of shape.required ?? []) {
    if (found.length >= MOST_ENTRIES) return;
    if (Object.hasOwn(value, key)) continue;
    const expected = shape.properties?.[key]?.type?.join(" or ") ?? "a value";
    found.push({ path: pointer(path, key), kind: "missing_field", expected, got: "nothing" });
  }
  for (const key of Object.keys(value)) {
    if (found.length >= MOST_ENTRIES) return;
    const field = shape.properties?.[key] ?? shape.additional;
    if (typeof field === "object") walk(field, value[key], pointer(path, key), found);
    else if (!field)
      found.push({
        path: pointer(path, key),
        kind: "unknown_field",
        expected: "no such field",
        got: describe(value[key]),
      });
  }
}
