import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { transform } from "esbuild";
import { banner } from "./banner.js";
import { isPart, partsOf } from "./parts.js";
import type { Node, PushFile } from "./schema.js";
import { stripErrors } from "./strip.js";

const standaloneCode = createRequire(import.meta.url)("ajv/dist/standalone").default as (
  ajv: Ajv,
  exports: Record<string, string>,
) => string;

/** Returns the reference to a shared part, or `undefined` to inline the part. */
type Share = (node: Node) => Node | undefined;

/**
 * The source of a strict validator: a schema with only the keywords that validate.
 *
 * @param share returns references to shared parts; by default everything is inlined
 */
export function strictSchema(node: Node, share: Share = () => undefined): Node {
  const below = (child: Node): Node => share(child) ?? strictSchema(child, share);
  const schema: Node = {};
  if (node.type !== undefined) schema.type = node.type;
  if (node.enum) schema.enum = node.enum;
  if (node.const !== undefined) schema.const = node.const;
  if (node.required?.length) schema.required = node.required;
  if (node.properties) {
    schema.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [name, below(child)]),
    );
  }
  if (node.items) schema.items = below(node.items);
  if (typeof node.additionalProperties === "object") schema.additionalProperties = below(node.additionalProperties);
  else if (node.additionalProperties === false) schema.additionalProperties = false;
  return schema;
}

/** The source of a tolerant validator: only the essential fields and their types. Everything else may be missing, changed or new. */
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

/** Options of Ajv, for the generated validators and for those that tests compile at run time. */
export const ajvOptions = { strict: true, allowUnionTypes: true, messages: false } as const;

/** The source of `validators.js`: two functions for each schema, one for each shared part, and no import. */
export async function validatorsSource(pushes: readonly PushFile[]): Promise<string> {
  const ajv = new Ajv({ ...ajvOptions, inlineRefs: false, code: { source: true, esm: true, lines: true } });
  const share = (node: Node): Node | undefined => (isPart(node) ? { $ref: `part_${node.title}` } : undefined);
  const names: Record<string, string> = {};
  const add = (name: string, schema: Node): void => {
    ajv.addSchema(schema, name);
    names[name] = name;
  };
  for (const part of partsOf(pushes)) add(`part_${part.title}`, strictSchema(part, share));
  for (const { ident, schema } of pushes) {
    add(`strict_${ident}`, strictSchema(schema, share));
    add(`tolerant_${ident}`, tolerantSchema(schema));
  }
  const { code } = await transform(stripErrors(standaloneCode(ajv, names)), { minifySyntax: true, target: "es2022" });
  return `${banner}${code}`;
}

/** The source of `validators.d.ts`. */
export function validatorsTypes(pushes: readonly PushFile[]): string {
  const lines = [
    ...partsOf(pushes).flatMap(({ title }) => [
      `/** Whether the data is a ${title} exactly as its schema says. */`,
      `export declare function part_${title}(data: unknown): boolean;`,
    ]),
    ...pushes.flatMap(({ name, ident }) => [
      `/** Whether the data is a ${name} push exactly as its schema says. */`,
      `export declare function strict_${ident}(data: unknown): boolean;`,
      `/** Whether the data contains the essential fields of a ${name} push. */`,
      `export declare function tolerant_${ident}(data: unknown): boolean;`,
    ]),
  ];
  return `${banner}${lines.join("\n")}\n`;
}
