import { posix } from "node:path";
import { parsePointer, pointerStep, readAt } from "airudder-webhooks/inspect";
import { DevproxyError } from "../errors.js";
import type { SchemaNode } from "./schema.js";

/** Where schemas are read from, and what a schema change calls them. */
export interface SchemaSource {
  /** Whether these are the schemas of the validators in `airudder-webhooks`. If so, pushes without drift there are not compared again. */
  readonly isPublished?: boolean;
  /** The file that holds the schema of this name (`dialer.task.bare`), as a schema change names it, with `/`. */
  fileOf(name: string): string;
  /** The text of a file: one that `fileOf` gave, or one that a `$ref` leads to from there. */
  read(file: string): string;
}

/** A node of a schema, with the file that it is written in: never a reference, but what one leads to. */
export interface Place {
  readonly file: string;
  /** JSON pointer into the file; empty for its root. */
  readonly pointer: string;
  readonly node: SchemaNode;
}

/** Schemas as a tree to walk down, whichever files it is spread over. Each node is read once. */
export class Schemas {
  readonly #files = new Map<string, SchemaNode>();
  readonly #places = new Map<string, Place>();

  /** Caches the places below a place, by pointer and by field: many pushes need the same ones. */
  readonly #below = new WeakMap<Place, Map<string, Place>>();
  readonly #fields = new WeakMap<Place, Map<string, Place>>();

  constructor(private readonly source: SchemaSource) {}

  /** The root of a schema. */
  ofPush(name: string): Place {
    return this.#at(this.source.fileOf(name), "");
  }

  /** What is below a place: `/items`, `/additionalProperties`. */
  below(place: Place, pointer: string): Place {
    return kept(this.#below, place, pointer, () => this.#at(place.file, place.pointer + pointer));
  }

  /** The field of that name below a place. */
  field(place: Place, name: string): Place {
    return kept(this.#fields, place, name, () =>
      this.#at(place.file, `${place.pointer}/properties${pointerStep(name)}`),
    );
  }

  /** @throws DevproxyError `bad_schema` */
  #at(file: string, pointer: string, from: readonly string[] = []): Place {
    const key = `${file}#${pointer}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (from.includes(key)) throw badSchema(`The reference ${key} leads back to itself.`);
    const node = readAt(this.#file(file), parsePointer(pointer)) as SchemaNode | undefined;
    if (node === undefined) throw badSchema(`${from.at(-1) ?? file} leads to ${key}, where there is nothing.`);
    const place = node.$ref === undefined ? { file, pointer, node } : this.#follow(file, node.$ref, [...from, key]);
    this.#places.set(key, place);
    return place;
  }

  #follow(file: string, ref: string, from: readonly string[]): Place {
    const [path = "", pointer = ""] = ref.split("#");
    return this.#at(path === "" ? file : posix.join(posix.dirname(file), path), pointer, from);
  }

  #file(file: string): SchemaNode {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    let schema: SchemaNode;
    try {
      schema = JSON.parse(this.source.read(file));
    } catch (cause) {
      const why = cause instanceof SyntaxError ? "is not JSON" : "cannot be read";
      throw badSchema(`The schema ${file} ${why}.`, { cause });
    }
    this.#files.set(file, schema);
    return schema;
  }
}

function kept(places: WeakMap<Place, Map<string, Place>>, place: Place, name: string, find: () => Place): Place {
  let known = places.get(place);
  if (known === undefined) {
    known = new Map();
    places.set(place, known);
  }
  let found = known.get(name);
  if (found === undefined) {
    found = find();
    known.set(name, found);
  }
  return found;
}

function badSchema(message: string, options?: ErrorOptions): DevproxyError {
  return new DevproxyError("bad_schema", message, 2, options);
}
