/** The keywords of a schema that drift and schema patches depend on. */
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

/** Returns the types that a node allows, always as a list; `undefined` if it allows all. */
export function typesOf({ type }: SchemaNode): readonly string[] | undefined {
  return typeof type === "string" ? [type] : type;
}

/** Returns the values that a node allows; `undefined` if it lists none. */
export function valuesOf(node: SchemaNode): readonly unknown[] | undefined {
  return Object.hasOwn(node, "const") ? [node.const] : node.enum;
}
