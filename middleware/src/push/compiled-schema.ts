/** The keywords of a schema that drift depends on. `Source` is the type of a schema before it is compiled, such as `Shape`. */
export interface SchemaKeywords<Source> {
  /** The allowed JSON Schema types. Default: all. */
  readonly types?: readonly string[] | undefined;
  /** The allowed values. Default: all. */
  readonly values?: readonly unknown[] | undefined;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Iterable<readonly [name: string, Source]> | undefined;
  /** The schema of fields that are not in `properties`. `true`: they may have any value. `false`: they are not allowed. */
  readonly rest: Source | boolean;
  readonly items?: Source | undefined;
  /** Returns `true` if the data matches the schema exactly. Then it is not compared further. */
  readonly strict?: ((data: unknown) => boolean) | undefined;
}

/** A schema prepared for comparisons: types as bits, fields in a map, and the strings for `Mismatch.expected`. */
export interface CompiledSchema<Source> {
  readonly source: Source;
  readonly types: number;
  readonly typeNames: string;
  readonly values: readonly unknown[] | undefined;
  readonly valueNames: string;
  /** Whether every string is allowed, as in most fields. A string then needs no further check. */
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

/** Returns a function that compiles a schema and the schemas in it, each only once. A schema may contain itself. */
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
      valueNames: `one of ${values?.map(formatValue).join(", ")}`,
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

/** Formats a value for a list. Words stay unquoted; all other values are JSON, so that the string `"null"` differs from `null`. */
function formatValue(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z][\w .-]*$/.test(value) && !/^(null|true|false)$/.test(value)
    ? value
    : JSON.stringify(value);
}
