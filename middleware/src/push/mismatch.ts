import { type CompiledSchema, typeBit } from "./compiled-schema.js";

/** How a value differs from its schema. */
export type DriftKind = "unknown_field" | "missing_field" | "wrong_type" | "unknown_value";

/** A step into a payload: into a documented field, into a field whose name the schema does not state, or into an item of an array. */
export interface PayloadStep {
  readonly kind: "documented" | "undocumented" | "item";
  /** Name of the field, or index of the item. */
  readonly name: string;
}

/** A value that differs from its schema. */
export interface Mismatch<Source> {
  readonly kind: DriftKind;
  /** Where the value is, or would be, in the payload. */
  readonly steps: readonly PayloadStep[];
  /** The schema that the payload contradicts; for a missing or unknown field that of the object. */
  readonly source: Source;
  /** What the schema requires. */
  readonly expected: string;
  /** What was received; `undefined` for a missing field. */
  readonly value: unknown;
}

/** A mismatch whose steps grow from the innermost on the way back up: they cost nothing where there is no mismatch. */
type Growing<Source> = Mismatch<Source> & { readonly steps: PayloadStep[] };

/**
 * Finds the values of a payload that differ from its schema, in the order of the payload.
 * @param max maximum number of mismatches; limits the time that a hostile payload can cost
 */
export function findMismatches<Source>(
  schema: CompiledSchema<Source>,
  payload: unknown,
  max = Number.POSITIVE_INFINITY,
): Mismatch<Source>[] {
  const found: Growing<Source>[] = [];
  walk(schema, payload, found, max);
  for (const { steps } of found) steps.reverse();
  return found;
}

const ARRAY = typeBit([]);
const OBJECT = typeBit({});

function walk<Source>(schema: CompiledSchema<Source>, value: unknown, found: Growing<Source>[], max: number): void {
  const type = typeBit(value);
  const { source } = schema;
  if ((schema.types & type) === 0) {
    found.push({ kind: "wrong_type", steps: [], source, expected: schema.typeNames, value });
  } else if (schema.values !== undefined && !schema.values.includes(value)) {
    found.push({ kind: "unknown_value", steps: [], source, expected: schema.valueNames, value });
  } else if (type === OBJECT) {
    if (schema.strict?.(value) !== true) walkFields(schema, value as Record<string, unknown>, found, max);
  } else if (type === ARRAY && schema.items !== undefined) {
    walkItems(schema.items, value as readonly unknown[], found, max);
  }
}

function walkItems<Source>(
  items: CompiledSchema<Source>,
  values: readonly unknown[],
  found: Growing<Source>[],
  max: number,
): void {
  for (let i = 0; i < values.length && found.length < max; i++) {
    const before = found.length;
    walk(items, values[i], found, max);
    if (found.length > before) addStep(found, before, { kind: "item", name: String(i) });
  }
}

function walkFields<Source>(
  schema: CompiledSchema<Source>,
  value: Record<string, unknown>,
  found: Growing<Source>[],
  max: number,
): void {
  const { source, fields, rest } = schema;
  let missing = schema.required.length;
  for (const name in value) {
    if (found.length >= max) return;
    const known = fields.get(name);
    if (known?.required) missing--;
    const field = known?.schema ?? rest;
    if (field === true) continue;
    const child = value[name];
    if (field === false) {
      const steps: PayloadStep[] = [{ kind: "undocumented", name }];
      found.push({ kind: "unknown_field", steps, source, expected: "no such field", value: child });
      continue;
    }
    if (field.anyString && typeof child === "string") continue;
    const before = found.length;
    walk(field, child, found, max);
    if (found.length > before) {
      addStep(found, before, { kind: known === undefined ? "undocumented" : "documented", name });
    }
  }
  if (missing > 0) findMissing(schema, value, found, max);
}

function findMissing<Source>(
  { source, required, fields }: CompiledSchema<Source>,
  value: object,
  found: Growing<Source>[],
  max: number,
): void {
  for (const name of required) {
    if (found.length >= max) return;
    if (Object.hasOwn(value, name)) continue;
    const expected = fields.get(name)?.schema.typeNames ?? "a value";
    found.push({
      kind: "missing_field",
      steps: [{ kind: "documented", name }],
      source,
      expected,
      value: undefined,
    });
  }
}

function addStep<Source>(found: readonly Growing<Source>[], from: number, step: PayloadStep): void {
  for (let i = from; i < found.length; i++) (found[i] as Growing<Source>).steps.push(step);
}
