import { type Node, typesOf } from "./schema.js";

/** What a change of a field leads to: nothing, a drift entry, or that the push is kept aside. */
export type Consequence = "-" | "drift" | "quarantine";

/** One field of a push, wherever in the tree it is. */
export interface Field {
  /** Such as `Details[].RedailCall[].CallID`; `*` stands for a free key. */
  path: string;
  node: Node;
  required: boolean;
  essential: boolean;
  missing: Consequence;
  otherType: Consequence;
  otherValue: Consequence;
  newField: Consequence;
}

/** Every field below a schema, in the order of the schema, parents first. */
export function fieldsOf(schema: Node): Field[] {
  return below(schema, "", true);
}

/** @param vital whether everything above is essential, so that a fault here can make the push useless */
function below(node: Node, path: string, vital: boolean): Field[] {
  const named = Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const required = node.required?.includes(name) ?? false;
    const essential = vital && (node["x-essential"]?.includes(name) ?? false);
    const at = path === "" ? name : `${path}.${name}`;
    return [field(at, child, required, essential), ...below(child, at, essential)];
  });
  const rest = node.additionalProperties;
  const free =
    typeof rest === "object" ? [field(`${path}.*`, rest, false, false), ...below(rest, `${path}.*`, false)] : [];
  return [...named, ...free, ...(node.items ? below(node.items, `${path}[]`, vital) : [])];
}

function field(path: string, node: Node, required: boolean, essential: boolean): Field {
  const fault: Consequence = essential ? "quarantine" : "drift";
  return {
    path,
    node,
    required,
    essential,
    missing: required ? fault : "-",
    otherType: fault,
    otherValue: node.const !== undefined ? fault : node.enum ? "drift" : "-",
    newField: typesOf(node).includes("object") && node.additionalProperties === false ? "drift" : "-",
  };
}
