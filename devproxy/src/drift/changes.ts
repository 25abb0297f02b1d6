import { Change, type Operation } from "./change.js";
import type { Difference } from "./walk.js";

/** What has to change in one file of schemas. */
export interface SchemaPatch {
  readonly file: string;
  /** A JSON patch (RFC 6902). */
  readonly patch: readonly Operation[];
}

/** The changes of schemas that cover what came, however many pushes ask for the same one. */
export class Changes {
  readonly #files = new Map<string, Map<string, Change>>();

  /** Takes up a difference. Gives the reason where no change will cover it. */
  add(difference: Difference, at: string, reveal: boolean): string | undefined {
    const { file, pointer } = difference.place;
    const places = this.#files.get(file) ?? new Map<string, Change>();
    this.#files.set(file, places);
    const change = places.get(pointer) ?? new Change(difference.place);
    places.set(pointer, change);
    return change.add(difference, at, reveal);
  }

  /** One patch for each file that has to change, by the files' names. */
  patches(): SchemaPatch[] {
    return [...this.#files]
      .map(([file, places]) => ({ file, patch: inOrder(places).flatMap((change) => change.operations()) }))
      .filter(({ patch }) => patch.length > 0)
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

function inOrder(places: ReadonlyMap<string, Change>): Change[] {
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change);
}
