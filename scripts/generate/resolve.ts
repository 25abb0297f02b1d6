import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type Node, pointerTo, SchemaError } from "./schema.js";

/**
 * Replaces every `$ref` by its target. All references to a target become the same object, so callers can detect shared parts.
 */
export class Resolver {
  readonly #documents = new Map<string, Node>();
  readonly #resolved = new Map<string, Node>();
  readonly #pending = new Set<string>();

  constructor(readonly dir: string) {}

  /** The schema in a file. The path is relative to the folder of the schemas, with `/`. */
  file(path: string): Node {
    return this.#target(path, "", path, "");
  }

  /** @param from, at file and JSON pointer of the reference, for error messages */
  #target(path: string, pointer: string, from: string, at: string): Node {
    const key = `${path}#${pointer}`;
    const known = this.#resolved.get(key);
    if (known) return known;
    if (this.#pending.has(key)) throw new SchemaError(`schemas/${from}`, at, `refers to itself through ${key}`);
    this.#pending.add(key);
    let node: Node | undefined = this.#document(path, from, at);
    for (const step of pointer.split("/").slice(1)) node = (node as Record<string, Node> | undefined)?.[step];
    if (node === undefined) throw new SchemaError(`schemas/${from}`, at, `${key} does not exist`);
    const resolved = this.#resolve(node, path, pointer);
    this.#pending.delete(key);
    this.#resolved.set(key, resolved);
    return resolved;
  }

  #resolve(node: Node, path: string, pointer: string): Node {
    if (node.$ref !== undefined) {
      if (Object.keys(node).length > 1) {
        throw new SchemaError(
          `schemas/${path}`,
          pointer,
          "draft-07 ignores keywords beside $ref: move them to its target",
        );
      }
      const [file = "", fragment = ""] = node.$ref.split("#");
      return this.#target(file === "" ? path : posix.join(posix.dirname(path), file), fragment, path, pointer);
    }
    const { definitions: _, ...copy } = node;
    if (copy.properties) {
      const at = pointerTo(pointer, "properties");
      copy.properties = Object.fromEntries(
        Object.entries(copy.properties).map(([name, child]) => [name, this.#resolve(child, path, pointerTo(at, name))]),
      );
    }
    if (copy.items) copy.items = this.#resolve(copy.items, path, pointerTo(pointer, "items"));
    if (typeof copy.additionalProperties === "object") {
      copy.additionalProperties = this.#resolve(
        copy.additionalProperties,
        path,
        pointerTo(pointer, "additionalProperties"),
      );
    }
    return copy;
  }

  #document(path: string, from: string, at: string): Node {
    const known = this.#documents.get(path);
    if (known) return known;
    const file = join(this.dir, path);
    if (!existsSync(file))
      throw new SchemaError(`schemas/${from}`, at, `refers to schemas/${path}, which does not exist`);
    try {
      const document = JSON.parse(readFileSync(file, "utf8")) as Node;
      this.#documents.set(path, document);
      return document;
    } catch (error) {
      throw new SchemaError(`schemas/${path}`, "", `not JSON: ${(error as Error).message}`);
    }
  }
}
