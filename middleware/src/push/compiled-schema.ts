/** The keywords of a schema that drift depends on. `Source` is the schema in its own form, such as a `Shape` or a place in a file. */
export interface SchemaKeywords<Source> {
  /** The allowed JSON Schema types. Default: all. */
  readonly types?: readonly string[] | undefined;
  /** The allowed values. Default: all. */
  readonly values?: readonly unknown[] | undefined;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Iterable<readonly [name: string, Source]> | undefined;
  /** Other fields: allowed or not, or their schema. */
  readonly rest: Source | boolean;
  readonly items?: Source | undefined;
  /** Whether data is exactly as the schema says. If it is, the walk skips it. */
  readonly strict?: ((data: unknown) => boolean) | undefined;
}

/** A schema in the form that a payload is compared with: types as bits, fields in a map, texts made once. */
export interface CompiledSchema<Source> {
  readonly source: Source;
  readonly types: number;
  readonly typeNames: string;
  readonly values: readonly unknown[] | undefined;
  readonly valueNames: string;
  /** Whether every string is allowed. Most fields are like that, and such a value needs no further check. */
  readonly anyString: boolean;
  readonly required: readonly string[];
  readonly fields: ReadonlyMap<string, { readonly schema: CompiledSchema<Source>; readonly required: boolean }>;
  readonly rest: CompiledSchema<Source> | boolean;
  readonly items: CompiledSchema<Source> | undefined;
  readonly strict: ((data: unknown) => boolean) | undefined;
}

const BITS: Record<string, number> = { string: 1, integer: 2, number: 6, boolean: 8, null: 16, array: 32, object: 64 };
const ANY = 127;

/** Returns the bit of a value's JSON type. The bits of `number` include that of `integer`. */
export function typeBit(value: unknown): number {
  switch (typeof value) {
    case "string":
      return 1;
    case "number":
      return Number.isInteger(value) ? 2 : 4;
    case "boolean":
      return 8;
    case "object":
      return value === null ? 16 : Array.isArray(value) ? 32 : 64;
    default:
      return 0;
  }
}

/** Returns a function that compiles a schema with all schemas below it. It compiles each only once. A schema may contain itself. */
export function schemaCompiler<Source extends object>(
  read: (source: Source) => SchemaKeywords<Source>,
): (source: Source) => CompiledSchema<Source> {
  const compiled = new WeakMap<Source, CompiledSchema<Source>>();
  function compile(source: Source): CompiledSchema<Source> {
    const known = compiled.get(source);
    if (known !== undefined) return known;
    const { types, values, required = [], properties = [], rest, items, strict } = read(source);
    const fields = new Map<string, { schema: CompiledSchema<Source>; required: boolean }>();
    const bits = types?.reduce((sum, type) => sum | (BITS[type] ?? 0), 0) ?? ANY;
    const schema: { -readonly [key in keyof CompiledSchema<Source>]: CompiledSchema<Source>[key] } = {
      source,
      types: bits,
      typeNames: types?.join(" or ") ?? "a value",
      values,
      valueNames: `one of ${values?.map(nameOf).join(", ")}`,
      anyString: values === undefined && (bits & 1) === 1,
      required,
      fields,
      rest: false,
      items: undefined,
      strict,
    };
    compiled.set(source, schema);
    for (const [name, field] of properties) {
      fields.set(name, { schema: compile(field), required: required.includes(name) });
    }
    schema.rest = typeof rest === "object" ? compile(rest) : rest;
    schema.items = items && compile(items);
    return schema;
  }
  return compile;
}

/** Returns a word as it is, and any other value as JSON: the texts `null` and `` differ from null and nothing. */
function nameOf(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z][\w .-]*$/.test(value) && !/^(null|true|false)$/.test(value)
    ? value
    : JSON.stringify(value);
}
