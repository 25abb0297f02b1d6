import { JSON_TYPES, type JsonType, jsonType, typeKeyword } from "./json-type.js";

/** Maximum depth of nested arrays whose items are examined. Deeper items may have any type. */
const MAX_DEPTH = 4;

/** The `x-personal` that a schema patch proposes for a new field: its values are redacted until somebody has reviewed it. */
export const UNKNOWN_PERSONAL = "text";

/** Whether a value of a JSON type may be personal by itself. Of arrays and objects, only the items and fields may be personal. */
export function mayBePersonal(type: string): boolean {
  return type !== "object" && type !== "array" && type !== "null";
}

/** The JSON types of the values of one field, and those of the items of arrays. */
export class ObservedTypes {
  readonly #types = new Set<JsonType>();
  #items: ObservedTypes | undefined;

  constructor(private readonly depth = 0) {}

  get types(): JsonType[] {
    return JSON_TYPES.filter((type) => this.#types.has(type));
  }

  add(value: unknown): void {
    this.#types.add(jsonType(value));
    if (!Array.isArray(value) || this.depth >= MAX_DEPTH) return;
    this.#items ??= new ObservedTypes(this.depth + 1);
    for (const item of value) this.#items.add(item);
  }

  /** Returns a schema node that allows all values. */
  toNode(description: string): Record<string, unknown> {
    const types = this.types;
    if (types.length === 0) {
      const type = JSON_TYPES.filter((name) => name !== "integer");
      return { type, description, "x-personal": UNKNOWN_PERSONAL };
    }
    const node: Record<string, unknown> = { type: typeKeyword(types), description };
    if (types.some(mayBePersonal)) node["x-personal"] = UNKNOWN_PERSONAL;
    if (types.includes("array")) node.items = (this.#items ?? new ObservedTypes()).toNode("An element.");
    if (types.includes("object")) node.additionalProperties = true;
    return node;
  }
}
