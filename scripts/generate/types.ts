import { compile } from "json-schema-to-typescript";
import { banner } from "./banner.js";
import { type Node, type PushFile, typesOf } from "./schema.js";

/** The source of `types.ts`: an interface for each schema and each shared part, and the map from type to payload. */
export async function typesSource(pushes: readonly PushFile[]): Promise<string> {
  const convert = converter();
  const root = {
    title: "Everything",
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(pushes.map(({ name, schema }) => [name, convert(schema)])),
  };
  const source = await compile(root as Parameters<typeof compile>[0], "Everything", {
    bannerComment: "",
    style: { printWidth: 120 },
  });
  return `${banner}${source.replace(/export interface Everything \{[\s\S]*?\n\}\n/, "")}\n${payloadsSource(pushes)}`;
}

function payloadsSource(pushes: readonly PushFile[]): string {
  const byType = new Map<string, string[]>();
  for (const { push, schema } of pushes) byType.set(push.type, [...(byType.get(push.type) ?? []), schema.title]);
  const lines = [...byType].map(([type, titles]) => `  ${JSON.stringify(type)}: ${titles.join(" | ")};`);
  return `/** What each type of push carries. */
export interface PushPayloads {
${lines.join("\n")}
  /** A JSON object that is none of the others. */
  unknown: Record<string, unknown>;
}

/** The name of a push's type. */
export type PushType = keyof PushPayloads;
`;
}

/** Turns our nodes into what json-schema-to-typescript should see; a shared part stays one object, so it is written once. */
function converter(): (node: Node) => object {
  const done = new Map<Node, object>();
  return function convert(node: Node): object {
    const known = done.get(node);
    if (known) return known;
    const copy: Record<string, unknown> = {};
    done.set(node, copy);
    if (node.title) copy.title = node.title;
    copy.description = comment(node);
    const tsType = customType(node);
    if (tsType) copy.tsType = tsType;
    if (node.type !== undefined) copy.type = node.type;
    if (node.required) copy.required = node.required;
    if (node.properties) {
      copy.properties = Object.fromEntries(
        Object.entries(node.properties).map(([name, child]) => [name, convert(child)]),
      );
    }
    if (node.items) copy.items = convert(node.items);
    if (node.additionalProperties !== undefined) copy.additionalProperties = node.additionalProperties !== false;
    return copy;
  };
}

function comment(node: Node): string {
  const lines = [node.description ?? ""];
  if (node["x-format"]) lines.push(`Format: ${node["x-format"]}.`);
  if (node["x-unit"]) lines.push(`Unit: ${node["x-unit"]}.`);
  if (node["x-provenance"] && node["x-provenance"] !== "documented") lines.push(`Provenance: ${node["x-provenance"]}.`);
  return lines.join("\n");
}

/** A type that takes any value of its kind beside those that are listed. */
function openType(type: string): string {
  if (type === "string") return "(string & {})";
  if (type === "integer") return "number";
  if (type === "array") return "unknown[]";
  return type === "object" ? "Record<string, unknown>" : type;
}

/** Values that are known stay open, since the vendor adds some without notice: an editor offers them, the compiler takes any. */
function customType(node: Node): string | undefined {
  if (node.const !== undefined) return JSON.stringify(node.const);
  const values = node.enum ?? node["x-known-values"];
  if (values) return [...values.map((value) => JSON.stringify(value)), ...typesOf(node).map(openType)].join(" | ");
  const { additionalProperties: rest } = node;
  if (!node.properties && typeof rest === "object" && rest.type === "string") return "Record<string, string>";
  return undefined;
}
