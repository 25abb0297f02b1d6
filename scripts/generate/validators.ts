import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { transform } from "esbuild";
import { banner } from "./banner.js";
import type { Node, PushFile } from "./schema.js";
import { stripErrors } from "./strip.js";

const standaloneCode = createRequire(import.meta.url)("ajv/dist/standalone").default as (
  ajv: Ajv,
  exports: Record<string, string>,
) => string;

/** What strict and tolerant validators are compiled from: the keywords that validate, and no other. */
export function strictSchema(node: Node): Node {
  const schema: Node = {};
  if (node.type !== undefined) schema.type = node.type;
  if (node.enum) schema.enum = node.enum;
  if (node.const !== undefined) schema.const = node.const;
  if (node.required?.length) schema.required = node.required;
  if (node.properties) schema.properties = mapValues(node.properties, strictSchema);
  if (node.items) schema.items = strictSchema(node.items);
  if (typeof node.additionalProperties === "object")
    schema.additionalProperties = strictSchema(node.additionalProperties);
  else if (node.additionalProperties === false) schema.additionalProperties = false;
  return schema;
}

/** Only what is essential: that it is there and has the right type. Everything else may be missing, changed or new. */
export function tolerantSchema(node: Node): Node {
  const schema: Node = {};
  if (node.type !== undefined) schema.type = node.type;
  if (node.const !== undefined) schema.const = node.const;
  const essential = node["x-essential"] ?? [];
  if (essential.length > 0) {
    const properties = node.properties ?? {};
    schema.required = essential;
    schema.properties = Object.fromEntries(essential.map((name) => [name, tolerantSchema(properties[name] as Node)]));
  }
  if (node.items) schema.items = tolerantSchema(node.items);
  return schema;
}

/** The options that both the generated and the runtime-compiled validators of the tests are made with. */
export const ajvOptions = { strict: true, allowUnionTypes: true, messages: false } as const;

/** The source of `validators.js`: two functions for each schema, and no import. */
export async function validatorsSource(pushes: readonly PushFile[]): Promise<string> {
  const ajv = new Ajv({ ...ajvOptions, code: { source: true, esm: true, lines: true } });
  const names: Record<string, string> = {};
  for (const { ident, schema } of pushes) {
    ajv.addSchema(strictSchema(schema), `strict_${ident}`);
    ajv.addSchema(tolerantSchema(schema), `tolerant_${ident}`);
    names[`strict_${ident}`] = `strict_${ident}`;
    names[`tolerant_${ident}`] = `tolerant_${ident}`;
  }
  const { code } = await transform(stripErrors(standaloneCode(ajv, names)), { minifySyntax: true, target: "es2022" });
  return `${banner}${code}`;
}

/** The source of `validators.d.ts`. */
export function validatorsTypes(pushes: readonly PushFile[]): string {
  const lines = pushes.flatMap(({ name, ident }) => [
    `/** Whether the data is a ${name} push exactly as its schema says. */`,
    `export declare function strict_${ident}(data: unknown): boolean;`,
    `/** Whether the data holds what a handler of ${name} cannot live without. */`,
    `export declare function tolerant_${ident}(data: unknown): boolean;`,
  ]);
  return `${banner}${lines.join("\n")}\n`;
}

function mapValues(nodes: Record<string, Node>, change: (node: Node) => Node): Record<string, Node> {
  return Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, change(node)]));
}
