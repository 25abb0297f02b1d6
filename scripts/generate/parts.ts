import { type Node, type PushFile, SchemaError } from "./schema.js";

/** Whether a node is a shared part: an object of `schemas/common` with a title. */
export function isPart(node: Node): boolean {
  return node.title !== undefined && node.properties !== undefined && node["x-push"] === undefined;
}

/**
 * All shared parts that the pushes use, in a fixed order, inner ones first.
 *
 * @throws {SchemaError} if two parts, or a part and a push, have the same title
 */
export function partsOf(pushes: readonly PushFile[]): Node[] {
  const parts = new Set<Node>();
  const owners = new Map<string, Node>();
  const visit = (node: Node): void => {
    if (parts.has(node)) return;
    for (const child of Object.values(node.properties ?? {})) visit(child);
    if (node.items) visit(node.items);
    if (typeof node.additionalProperties === "object") visit(node.additionalProperties);
    if (node.title === undefined) return;
    const owner = owners.get(node.title);
    if (owner && owner !== node)
      throw new SchemaError(`schemas (${owner.$id}, ${node.$id})`, "/title", `"${node.title}" is the title of both`);
    owners.set(node.title, node);
    if (isPart(node)) parts.add(node);
  };
  for (const { schema } of pushes) visit(schema);
  return [...parts];
}
