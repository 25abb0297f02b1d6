/** The keywords of a schema that drift is found by. */
export interface SchemaNode {
  $ref?: string;
  type?: string | readonly string[];
  enum?: readonly unknown[];
  const?: unknown;
  required?: readonly string[];
  "x-essential"?: readonly string[];
  "x-personal"?: string | false;
  properties?: Readonly<Record<string, SchemaNode>>;
  items?: SchemaNode;
  additionalProperties?: boolean | SchemaNode;
}

/** The types that a node allows, always as a list; an empty one allows all. */
export function typesOf({ type }: SchemaNode): readonly string[] {
  if (type === undefined) return [];
  return typeof type === "string" ? [type] : type;
}

/** The values that a node allows; `undefined` when it lists none. */
export function valuesOf(node: SchemaNode): readonly unknown[] | undefined {
  return Object.hasOwn(node, "const") ? [node.const] : node.enum;
}
