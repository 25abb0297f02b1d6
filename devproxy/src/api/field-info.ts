import { catalogue, pointerStep } from "airudder-webhooks/inspect";
import { publishedSchemas } from "../drift/index.js";
import type { FieldInfo, SchemaInfo } from "./types.js";

/** The keywords of a schema that describe fields. */
interface Node {
  type?: string | string[];
  description?: string;
  enum?: FieldInfo["enum"];
  const?: string | number | boolean | null;
  required?: string[];
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: boolean | Node;
  "x-provenance"?: FieldInfo["provenance"];
  "x-meaning"?: string;
  "x-personal"?: string | false;
  "x-format"?: string;
  "x-unit"?: string;
}

const known = new Map<string, SchemaInfo>();

/** What a schema says about its fields; `null` if there is no such schema. */
export function schemaInfo(name: string | undefined): SchemaInfo | null {
  const push = catalogue.find((one) => one.name === name);
  if (push === undefined) return null;
  const found = known.get(push.name);
  if (found !== undefined) return found;
  const source = publishedSchemas();
  const root = JSON.parse(source.read(source.fileOf(push.name))) as Node;
  const fields: Record<string, FieldInfo> = {};
  const { provenance, title } = push;
  addFields(fields, "", root, provenance);
  const info: SchemaInfo = { name: push.name, title, provenance, source: push.source, fields };
  if (root.description !== undefined) info.meaning = root.description;
  known.set(push.name, info);
  return info;
}

function addFields(
  fields: Record<string, FieldInfo>,
  path: string,
  node: Node,
  inherited: FieldInfo["provenance"],
): void {
  const provenance = node["x-provenance"] ?? inherited;
  const { properties = {}, items, additionalProperties, required = [] } = node;
  for (const [name, child] of Object.entries(properties))
    addField(fields, path + pointerStep(name), child, provenance, required.includes(name));
  // Elements of an array and additional fields of an object have the same path, `*`: no node has both.
  const others = items ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
  if (others !== undefined) addField(fields, `${path}/*`, others, provenance, false);
}

function addField(
  fields: Record<string, FieldInfo>,
  path: string,
  node: Node,
  inherited: FieldInfo["provenance"],
  isRequired: boolean,
): void {
  const provenance = node["x-provenance"] ?? inherited;
  const values = Object.hasOwn(node, "const") ? [node.const as null] : node.enum;
  fields[path] = {
    ...(node.description === undefined ? {} : { meaning: node.description }),
    provenance,
    ...(node["x-meaning"] === "ours" ? { meaningIsOurs: true } : {}),
    personal: node["x-personal"] ?? null,
    ...(node.type === undefined ? {} : { type: [node.type].flat() }),
    ...(values === undefined ? {} : { enum: values }),
    ...(node["x-format"] === undefined ? {} : { format: node["x-format"] }),
    ...(node["x-unit"] === undefined ? {} : { unit: node["x-unit"] }),
    ...(isRequired ? { required: true } : {}),
  };
  addFields(fields, path, node, provenance);
}
