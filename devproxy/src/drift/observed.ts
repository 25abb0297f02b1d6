import { asKeyword, JSON_TYPES, type JsonType, jsonType } from "./json-type.js";

/** Lists within lists are looked into so far; what is deeper may be anything. */
const MOST_DEPTH = 4;

/** The `x-personal` that a schema change proposes for a new field: its values are redacted until somebody has reviewed it. */
export const UNKNOWN_PERSONAL = "text";

/** Whether values of a JSON type can be personal by themselves. */
export function isScalarType(type: string): boolean {
  return type !== "object" && type !== "array" && type !== "null";
}

/** The types that came at one place, and of lists those of their items. */
export class Observed {
  readonly #types = new Set<JsonType>();
  #items: Observed | undefined;

  constructor(private readonly depth = 0) {}

  get types(): JsonType[] {
    return JSON_TYPES.filter((type) => this.#types.has(type));
  }

  add(value: unknown): void {
    this.#types.add(jsonType(value));
    if (!Array.isArray(value) || this.depth >= MOST_DEPTH) return;
    this.#items ??= new Observed(this.depth + 1);
    for (const item of value) this.#items.add(item);
  }

  /** A schema node that allows everything that came. */
  toNode(description: string): Record<string, unknown> {
    const types = this.types;
    if (types.length === 0) {
      const type = JSON_TYPES.filter((name) => name !== "integer");
      return { type, description, "x-personal": UNKNOWN_PERSONAL };
    }
    const node: Record<string, unknown> = { type: asKeyword(types), description };
    if (types.some(isScalarType)) node["x-personal"] = UNKNOWN_PERSONAL;
    if (types.includes("array")) node.items = (this.#items ?? new Observed()).toNode("An element.");
    if (types.includes("object")) node.additionalProperties = true;
    return node;
  }
}
