import { mostSimilar } from "../config/index.js";

/** The keywords that `campaign.schema.json` uses. */
export interface Schema {
  readonly type: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/**
 * Validates a value against its schema.
 * @returns the first problem, as a sentence that names the field and states what is expected; `undefined` if there is none
 */
export function findProblem(schema: Schema, value: unknown, path = ""): string | undefined {
  const { properties } = schema;
  if (properties === undefined) {
    return isAllowed(schema, value) ? undefined : `${quote(path)} must be ${expected(schema)}, not ${shown(value)}.`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return `${path === "" ? "the whole value" : quote(path)} must be an object, not ${shown(value)}.`;
  }
  for (const [name, field] of Object.entries(value)) {
    const fieldPath = path === "" ? name : `${path}.${name}`;
    const fieldSchema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const problem =
      fieldSchema === undefined
        ? `${quote(fieldPath)} is unknown. ${adviceFor(name, Object.keys(properties))}`
        : findProblem(fieldSchema, field, fieldPath);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isAllowed({ type, minimum = -Infinity, maximum = Infinity, pattern = "" }: Schema, value: unknown): boolean {
  if (type === "string") return typeof value === "string" && new RegExp(pattern).test(value);
  if (typeof value !== "number" || value < minimum || value > maximum) return false;
  return type === "number" || Number.isInteger(value);
}

function expected({ type, minimum, maximum, pattern, default: example }: Schema): string {
  if (type === "string") return pattern === undefined ? "a string" : `written as ${JSON.stringify(example)}`;
  return `a ${type === "integer" ? "whole number" : "number"} from ${minimum} to ${maximum}`;
}

function adviceFor(name: string, known: readonly string[]): string {
  const similar = mostSimilar(name, known);
  return similar === undefined ? `Known: ${known.join(", ")}.` : `Did you mean "${similar}"?`;
}

/** A value for a message: shortened, on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function quote(path: string): string {
  return JSON.stringify(path);
}
