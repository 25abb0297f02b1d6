import { posix } from "node:path";
import {
  type CompiledSchema,
  type Mismatch,
  parsePointer,
  pointerStep,
  readAt,
  schemaCompiler,
} from "airudder-webhooks/inspect";
import { DevproxyError } from "../errors.js";
import { type SchemaNode, typesOf, valuesOf } from "./schema.js";

/** Reads the files of schemas, and determines how a schema patch names them. */
export interface SchemaSource {
  /**
   * Whether these are the schemas of the validators in `airudder-webhooks`. If so, pushes that those validators accept without drift are not
   * compared again.
   */
  readonly isPublished?: boolean;
  /** Returns the file of the schema with this name (`dialer.task.bare`), as a schema patch names it, with `/`. */
  fileOf(name: string): string;
  /** Returns the text of a file: one that `fileOf` returned, or one that a `$ref` there refers to. */
  read(file: string): string;
}

/** A node of a schema, with the file that contains it. References are resolved: the node has no `$ref`. */
export interface SchemaLocation {
  readonly file: string;
  /** JSON pointer into the file; empty for its root. */
  readonly pointer: string;
  readonly node: SchemaNode;
}

/** A value that differs from the node of its schema. */
export type SchemaMismatch = Mismatch<SchemaLocation>;

/** Compiles schemas. Reads each file, and resolves each node, only once. */
export class Schemas {
  readonly #files = new Map<string, SchemaNode>();
  readonly #locations = new Map<string, SchemaLocation>();
  readonly #compile = schemaCompiler<SchemaLocation>(({ file, pointer, node }) => {
    const at = (suffix: string) => this.#resolve(file, pointer + suffix);
    const { required, properties = {}, items, additionalProperties: rest = true } = node;
    return {
      types: typesOf(node),
      values: valuesOf(node),
      required,
      properties: Object.keys(properties).map((name) => [name, at(`/properties${pointerStep(name)}`)] as const),
      rest: typeof rest === "boolean" ? rest : at("/additionalProperties"),
      items: items && at("/items"),
    };
  });

  constructor(private readonly source: SchemaSource) {}

  /**
   * Returns the schema with this name (`dialer.task.bare`).
   * @throws DevproxyError `bad_schema`
   */
  get(name: string): CompiledSchema<SchemaLocation> {
    return this.#compile(this.#resolve(this.source.fileOf(name), ""));
  }

  /**
   * Returns the node at a pointer. Follows references.
   * @param from the references that led here
   * @throws DevproxyError `bad_schema`
   */
  #resolve(file: string, pointer: string, from: readonly string[] = []): SchemaLocation {
    const key = `${file}#${pointer}`;
    const known = this.#locations.get(key);
    if (known !== undefined) return known;
    if (from.includes(key)) throw badSchema(`The reference ${key} leads back to itself.`);
    const node = readAt(this.#parse(file), parsePointer(pointer)) as SchemaNode | undefined;
    if (node === undefined) throw badSchema(`${from.at(-1) ?? file} refers to ${key}, which does not exist.`);
    const location = node.$ref === undefined ? { file, pointer, node } : this.#follow(file, node.$ref, [...from, key]);
    this.#locations.set(key, location);
    return location;
  }

  #follow(file: string, ref: string, from: readonly string[]): SchemaLocation {
    const [path = "", pointer = ""] = ref.split("#");
    return this.#resolve(path === "" ? file : posix.join(posix.dirname(file), path), pointer, from);
  }

  #parse(file: string): SchemaNode {
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

function badSchema(message: string, options?: ErrorOptions): DevproxyError {
  return new DevproxyError("bad_schema", message, 2, options);
}
