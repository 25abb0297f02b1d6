import { type CompiledSchema, typeBit } from "./compiled-schema.js";

/** How a value differs from its schema. */
export type DriftKind = "unknown_field" | "missing_field" | "wrong_type" | "unknown_value";

/** A value that differs from its schema. */
export interface Mismatch<Source> {
  readonly kind: DriftKind;
  /** Location of the value in the payload, or of the missing field, in the given {@link PathStyle}. */
  readonly path: string;
  /** Name of the field, if it is missing or unknown. */
  readonly name: string | undefined;
  /** The schema of the value. For a missing or unknown field: the schema of the object. */
  readonly source: Source;
  /** What the schema requires. */
  readonly expected: string;
  /** What was received; `undefined` for a missing field. */
  readonly value: unknown;
}

/** Formats the steps of a path. */
export interface PathStyle {
  /** Formats the step into a field that the schema names. */
  documented(name: string): string;
  /** Formats the step into a field that the schema does not name, but has a schema for. */
  additional(name: string): string;
  /** Formats the step into a field that the schema does not allow. */
  unknown(name: string): string;
  /** Formats the step into an array. */
  item(index: number): string;
}

/** A mismatch whose `path` is still incomplete. Each level prepends its step later, so no paths are built for values that match. */
type MutableMismatch<Source> = { -readonly [key in keyof Mismatch<Source>]: Mismatch<Source>[key] };

/**
 * Finds the values of a payload that differ from its schema, in the order of the payload.
 * @param max maximum number of mismatches; limits the time that a hostile payload can take
 */
export function findMismatches<Source>(
  schema: CompiledSchema<Source>,
  payload: unknown,
  style: PathStyle,
  max = Number.POSITIVE_INFINITY,
): Mismatch<Source>[] {
  const walk = new Walk<Source>(style, max);
  walk.compare(schema, payload);
  return walk.found;
}

const ARRAY = typeBit([]);
const OBJECT = typeBit({});

/** Compares one payload with its schema, value by value. */
class Walk<Source> {
  readonly found: MutableMismatch<Source>[] = [];

  constructor(
    private readonly style: PathStyle,
    private readonly max: number,
  ) {}

  compare(schema: CompiledSchema<Source>, value: unknown): void {
    const type = typeBit(value);
    if ((schema.types & type) === 0) this.#add("wrong_type", schema, schema.typeNames, value);
    else if (schema.values !== undefined && !schema.values.includes(value)) {
      this.#add("unknown_value", schema, schema.valueNames, value);
    } else if (type === OBJECT) {
      if (schema.strict?.(value) !== true) this.#compareFields(schema, value as Record<string, unknown>);
    } else if (type === ARRAY && schema.items !== undefined) {
      this.#compareItems(schema.items, value as readonly unknown[]);
    }
  }

  #compareItems(items: CompiledSchema<Source>, values: readonly unknown[]): void {
    const { found } = this;
    for (let i = 0; i < values.length && found.length < this.max; i++) {
      const before = found.length;
      this.compare(items, values[i]);
      if (found.length > before) this.#prepend(before, this.style.item(i));
    }
  }

  #compareFields(schema: CompiledSchema<Source>, value: Record<string, unknown>): void {
    const { found, style } = this;
    const { fields, rest } = schema;
    let missing = schema.required.length;
    for (const name in value) {
      if (found.length >= this.max) return;
      const known = fields.get(name);
      if (known?.required) missing--;
      const field = known?.schema ?? rest;
      if (field === true) continue;
      const child = value[name];
      if (field === false) {
        this.#add("unknown_field", schema, "no such field", child, style.unknown(name), name);
        continue;
      }
      if (field.anyString && typeof child === "string") continue;
      const before = found.length;
      this.compare(field, child);
      if (found.length > before) {
        this.#prepend(before, known === undefined ? style.additional(name) : style.documented(name));
      }
    }
    if (missing > 0) this.#addMissing(schema, value);
  }

  #addMissing(schema: CompiledSchema<Source>, value: object): void {
    for (const name of schema.required) {
      if (this.found.length >= this.max) return;
      if (Object.hasOwn(value, name)) continue;
      const expected = schema.fields.get(name)?.schema.typeNames ?? "a value";
      this.#add("missing_field", schema, expected, undefined, this.style.documented(name), name);
    }
  }

  #add(
    kind: DriftKind,
    { source }: CompiledSchema<Source>,
    expected: string,
    value: unknown,
    path = "",
    name?: string,
  ): void {
    this.found.push({ kind, path, name, source, expected, value });
  }

  #prepend(from: number, step: string): void {
    for (let i = from; i < this.found.length; i++) {
      const mismatch = this.found[i] as MutableMismatch<Source>;
      mismatch.path = step + mismatch.path;
    }
  }
}
