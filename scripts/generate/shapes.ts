import { isPart } from "./parts.js";
import { harmlessPattern } from "./personal.js";
import { type Node, typesOf } from "./schema.js";

/** Writes resolved schemas as `Shape` expressions. Each shared part becomes a constant. */
export class ShapeWriter {
  readonly #names = new Map<Node, string>();
  readonly #patterns = new Map<string, string>();
  readonly constants: string[] = [];

  /** The expression for a node. */
  write(node: Node): string {
    if (!isPart(node)) return this.#literal(node);
    const known = this.#names.get(node);
    if (known) return known;
    const literal = this.#literal(node);
    const name = `shape${node.title}`;
    this.#names.set(node, name);
    this.constants.push(`const ${name}: Shape = ${literal};`);
    return name;
  }

  #literal(node: Node): string {
    const parts: string[] = [`type: ${JSON.stringify(typesOf(node))}`];
    const values = node.const === undefined ? node.enum : [node.const];
    if (values) parts.push(`enum: ${JSON.stringify(values)}`);
    if (node["x-known-values"]) parts.push(`known: ${JSON.stringify(node["x-known-values"])}`);
    if (node["x-format"]) parts.push(`format: ${JSON.stringify(node["x-format"])}`);
    if (node.required?.length) parts.push(`required: ${JSON.stringify(node.required)}`);
    if (node["x-essential"]?.length) parts.push(`essential: ${JSON.stringify(node["x-essential"])}`);
    const personal = node["x-personal"];
    if (personal) parts.push(`personal: ${JSON.stringify(personal)}`);
    if (personal === false) parts.push(`harmless: ${this.#pattern(harmlessPattern(node) ?? "/^$/")}`);
    if (node.properties) {
      const entries = Object.entries(node.properties).map(
        ([name, child]) => `${JSON.stringify(name)}: ${this.write(child)}`,
      );
      parts.push(`properties: /* @__PURE__ */ own({ ${entries.join(", ")} })`);
    }
    if (node.items) parts.push(`items: ${this.write(node.items)}`);
    const rest = node.additionalProperties;
    if (isPart(node)) parts.push(`strict: validators.part_${node.title}`);
    parts.push(`additional: ${typeof rest === "object" ? this.write(rest) : (rest ?? true)}`);
    return `{ ${parts.join(", ")} }`;
  }

  /** The name of the constant for a regular expression. Many fields share one. */
  #pattern(literal: string): string {
    const known = this.#patterns.get(literal);
    if (known !== undefined) return known;
    const name = `harmless${this.#patterns.size}`;
    this.#patterns.set(literal, name);
    this.constants.push(`const ${name} = ${literal};`);
    return name;
  }
}
