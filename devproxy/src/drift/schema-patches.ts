import { NodePatchBuilder, type Operation } from "./node-patch.js";
import type { SchemaMismatch } from "./schemas.js";

/** The changes of one schema file. */
export interface SchemaPatch {
  readonly file: string;
  /** A JSON patch (RFC 6902). */
  readonly patch: readonly Operation[];
}

/** Builds the patches that make schemas allow what was received. Mismatches that need the same change share it. */
export class SchemaPatchBuilder {
  readonly #files = new Map<string, Map<string, NodePatchBuilder>>();

  /**
   * Adds a mismatch. Returns the reason if no patch will cover it.
   * @param receivedAt when the push was received, ISO 8601
   */
  add(mismatch: SchemaMismatch, receivedAt: string, reveal: boolean): string | undefined {
    const { file, pointer } = mismatch.source;
    const nodes = this.#files.get(file) ?? new Map<string, NodePatchBuilder>();
    this.#files.set(file, nodes);
    const node = nodes.get(pointer) ?? new NodePatchBuilder(mismatch.source);
    nodes.set(pointer, node);
    return node.add(mismatch, receivedAt, reveal);
  }

  /** Returns one patch for each file that has to change, sorted by file. */
  build(): SchemaPatch[] {
    return [...this.#files]
      .map(([file, nodes]) => ({ file, patch: sortedByPointer(nodes).flatMap((node) => node.build()) }))
      .filter(({ patch }) => patch.length > 0)
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

function sortedByPointer(nodes: ReadonlyMap<string, NodePatchBuilder>): NodePatchBuilder[] {
  return [...nodes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, node]) => node);
}
