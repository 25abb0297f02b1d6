import { compile, type JSONSchema } from "json-schema-to-typescript";
import { banner } from "./banner.js";
import { type Node, type PushFile, typesOf } from "./schema.js";

// Keeps every field on one line, even if it has many values.
const options = { bannerComment: "", style: { printWidth: Number.POSITIVE_INFINITY } };

/** The source of `types.ts`: an interface for each schema and each shared part, and the map from type to payload. */
export async function typesSource(pushes: readonly PushFile[]): Promise<string> {
  const parts = new Set<Node>();
  const declarations: string[] = [];
  const declare = async (node: Node, siblings: Record<string, JSONSchema> = {}): Promise<void> => {
    const schema = convert(node, (part) => parts.add(part));
    if (schema.properties) Object.assign(schema.properties, siblings);
    declarations.push(await compile(schema, node.title ?? "", options));
  };
  for (const file of pushes) await declare(file.schema, siblingFields(file, pushes));
  // The set grows while it is read: a part adds the parts that it uses.
  for (const part of parts) await declare(part);
  return `${banner}${declarations.join("\n")}\n${payloadsSource(pushes)}`;
}

/** The root fields that only the other forms of a push have. An editor then completes the fields of all forms. */
function siblingFields(file: PushFile, pushes: readonly PushFile[]): Record<string, JSONSchema> {
  const fields: Record<string, JSONSchema> = {};
  for (const { push, schema } of pushes) {
    if (push.type !== file.push.type || push.form === file.push.form) continue;
    for (const name of Object.keys(schema.properties ?? {})) {
      if (Object.hasOwn(file.schema.properties ?? {}, name)) continue;
      fields[name] = { description: `Only in the ${push.form} form.`, tsType: "never" };
    }
  }
  return fields;
}

function payloadsSource(pushes: readonly PushFile[]): string {
  const byType = new Map<string, string[]>();
  for (const { push, schema } of pushes) byType.set(push.type, [...(byType.get(push.type) ?? []), schema.title]);
  const lines = [...byType].map(([type, titles]) => `  ${JSON.stringify(type)}: ${titles.join(" | ")};`);
  return `/** The payload of each type of push. */
export interface PushPayloads {
${lines.join("\n")}
  /** A JSON object that matches no known push. */
  unknown: Record<string, unknown>;
}

/** The name of a push's type. */
export type PushType = keyof PushPayloads;
`;
}

/** The schema of a node for json-schema-to-typescript. Calls `onPart` for each part that the schema references by title. */
function convert(node: Node, onPart: (part: Node) => void): JSONSchema {
  const description = comment(node);
  if (node.const !== undefined) return { description, const: node.const as string };
  const tsType = customType(node);
  if (tsType !== undefined) return { description, tsType };

  // A part is referenced by name. The library would declare a nested part again, and drop the description of the field.
  const child = (part: Node): JSONSchema => {
    if (part.title === undefined) return convert(part, onPart);
    onPart(part);
    return { description: comment(part), tsType: part.title };
  };
  const schema: JSONSchema = { description, type: node.type as NonNullable<JSONSchema["type"]> };
  if (node.items) schema.items = child(node.items);
  if (node.properties) {
    const fields = Object.entries(node.properties);
    schema.properties = Object.fromEntries(fields.map(([name, field]) => [name, child(field)]));
    schema.required = node.required ?? [];
    // Only payloads of unknown shape have an index signature: in others, a misspelt field must not compile.
    schema.additionalProperties = node["x-provenance"] === "unknown";
  } else if (typeof node.additionalProperties === "object") {
    schema.additionalProperties = child(node.additionalProperties);
  }
  return schema;
}

const openTypes: Record<string, string> = {
  string: "(string & {})",
  integer: "number",
  array: "unknown[]",
  object: "Record<string, unknown>",
};

/** The types that JSON Schema cannot express. */
function customType(node: Node): string | undefined {
  // Known values stay open because the vendor adds values without notice: editors offer them, and the compiler accepts any.
  const values = node.enum ?? node["x-known-values"];
  if (values) {
    const types = [
      ...values.map((value) => JSON.stringify(value)),
      ...typesOf(node).map((type) => openTypes[type] ?? type),
    ];
    // In parentheses because the library appends `[]` for a list.
    return `(${[...new Set(types)].join(" | ")})`;
  }
  const { properties, additionalProperties: rest } = node;
  if (properties === undefined && typeof rest === "object" && rest.type === "string")
    return `Record<string, ${customType(rest) ?? "string"}>`;
  return undefined;
}

function comment(node: Node): string {
  const lines = [node.description ?? ""];
  if (node["x-format"]) lines.push(`Format: ${node["x-format"]}.`);
  if (node["x-unit"]) lines.push(`Unit: ${node["x-unit"]}.`);
  if (node["x-provenance"] && node["x-provenance"] !== "documented") lines.push(`Provenance: ${node["x-provenance"]}.`);
  else if (node["x-meaning"] === "ours")
    lines.push(
      node["x-push"]
        ? "The docs do not describe most of its fields."
        : "The docs do not describe it: the meaning is ours.",
    );
  return lines.join("\n");
}
