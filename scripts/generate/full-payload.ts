import { DEFAULT_KEY, sign } from "../../middleware/src/push/sign.js";
import type { Field } from "./fields.js";
import { type Node, typesOf } from "./schema.js";

export type Payload = Record<string, unknown>;

/** A payload with every field of a schema, signed with the vendor's published key. */
export function fullPayload(schema: Node): Payload {
  return signed(exampleOf(schema) as Payload);
}

function exampleOf(node: Node): unknown {
  if (node.const !== undefined) return node.const;
  if (node.enum) return node.enum[0];
  switch (typesOf(node)[0]) {
    case "object": {
      const named = Object.entries(node.properties ?? {}).map(([name, child]) => [name, exampleOf(child)]);
      const rest = node.additionalProperties;
      return Object.fromEntries(typeof rest === "object" ? [...named, ["*", exampleOf(rest)]] : named);
    }
    case "array":
      return node.items ? [exampleOf(node.items)] : [];
    case "integer":
      return 1;
    default:
      return "text";
  }
}

function signed(payload: Payload): Payload {
  if (typeof payload.TaskID === "string" && "Sign" in payload) payload.Sign = sign(payload.TaskID, DEFAULT_KEY);
  return payload;
}

/** The ways in which a field can differ from its schema. Each has a column in the pages. */
export const faults = ["missing", "null", "other type", "other value"] as const;
export type Fault = (typeof faults)[number];

const VALUES = [true, 1.5, "text", 7, [], {}];

/** Full payloads that differ in one field. Empty if the fault is not possible, such as another value of an integer. */
export function faulty(schema: Node, field: Field, fault: Fault): Payload[] {
  if (fault === "missing") return field.kind === "other" ? [] : [changed(schema, field, remove)];
  const put = (value: unknown) => changed(schema, field, (parent, step) => Object.assign(parent, { [step]: value }));
  const types = typesOf(field.node);
  if (fault === "null") return types.includes("null") ? [] : [put(null)];
  if (fault === "other type") return VALUES.filter((value) => !hasType(value, types)).map(put);
  return types.includes("string") ? [put("never seen before")] : [];
}

function changed(schema: Node, { steps, path }: Field, change: (parent: Payload, step: string) => void): Payload {
  const payload = fullPayload(schema);
  const parent = steps.slice(0, -1).reduce<unknown>((value, step) => (value as Payload)[step], payload) as Payload;
  change(parent, steps.at(-1) as string);
  return path === "Sign" ? payload : signed(payload);
}

function remove(parent: Payload, step: string): void {
  if (Array.isArray(parent)) parent.splice(Number(step), 1);
  else delete parent[step];
}

function hasType(value: unknown, types: readonly string[]): boolean {
  if (Array.isArray(value)) return types.includes("array");
  return types.includes(typeof value) || (Number.isInteger(value) && types.includes("integer"));
}
