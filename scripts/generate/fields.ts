import { type Node, type Provenance, provenances, typesOf } from "./schema.js";

/** One row of a page: a field, an item of a list, an arbitrary key, or any field that a schema does not list. */
export interface Field {
  readonly kind: "field" | "item" | "key" | "other";
  /** Such as `Details[].RedailCall[].CallID`; `*` stands for an arbitrary key. For `other`: the path of the object, empty for the root. */
  readonly path: string;
  /** The property names and indexes that lead to it in a payload from {@link fullPayload}. */
  readonly steps: readonly string[];
  readonly node: Node;
  readonly required: boolean;
  readonly essential: boolean;
  /** The field's own provenance or its parent's, whichever is less reliable. */
  readonly provenance: Provenance;
  /** Who states the meaning of the field. */
  readonly meaning: "vendor" | "ours";
}

/** What a node inherits from its ancestors. */
interface Inherited {
  readonly path: string;
  readonly steps: readonly string[];
  /** Whether all ancestors are essential, so that a fault of an essential field quarantines the push. */
  readonly allEssential: boolean;
  readonly provenance: Provenance;
  readonly meaning: "vendor" | "ours";
}

/** Name for a field that no schema lists, in test payloads. */
export const OTHER_FIELD = "fresh";

/** Every row below a schema, in the order of the schema, parents first. */
export function fieldsOf(schema: Node): Field[] {
  const provenance = schema["x-provenance"] ?? "unknown";
  return below(schema, {
    path: "",
    steps: [],
    allEssential: true,
    provenance,
    meaning: schema["x-meaning"] ?? "vendor",
  });
}

function below(node: Node, above: Inherited): Field[] {
  const rows: Field[] = [];
  const add = (kind: Field["kind"], path: string, step: string, child: Node, required: boolean, essential: boolean) => {
    const provenance = lessReliable(child["x-provenance"], above.provenance);
    const meaning = provenance === "documented" ? (child["x-meaning"] ?? above.meaning) : "ours";
    const field = { kind, path, steps: [...above.steps, step], node: child, required, essential, provenance, meaning };
    rows.push(field);
    if (kind === "other") return;
    const allEssential = kind === "item" ? above.allEssential : essential;
    rows.push(...below(child, { ...field, allEssential }));
  };
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const required = node.required?.includes(name) ?? false;
    const essential = above.allEssential && (node["x-essential"]?.includes(name) ?? false);
    add("field", above.path === "" ? name : `${above.path}.${name}`, name, child, required, essential);
  }
  const rest = node.additionalProperties;
  if (typeof rest === "object") add("key", `${above.path}.*`, "*", rest, false, false);
  else if (typesOf(node).includes("object")) add("other", above.path, OTHER_FIELD, {}, false, false);
  if (node.items) add("item", `${above.path}[]`, "0", node.items, false, false);
  return rows;
}

/** A field is never more reliable than its parent, unless the parent's provenance is `unknown`. */
function lessReliable(own: Provenance | undefined, inherited: Provenance): Provenance {
  if (own === undefined || inherited === "unknown") return own ?? inherited;
  return provenances.indexOf(own) > provenances.indexOf(inherited) ? own : inherited;
}
