import type { Shape } from "../generated/catalogue.js";

/** A shape compiled for fast comparison: types as bits, fields in a map, texts prepared. */
export interface Plan {
  readonly types: number;
  readonly typeNames: string;
  readonly values: readonly unknown[] | undefined;
  readonly valueNames: string;
  /** Any string is valid. Most fields are like this, so their strings need no further check. */
  readonly anyString: boolean;
  readonly required: readonly string[];
  readonly fields: ReadonlyMap<string, { readonly plan: Plan; readonly required: boolean }>;
  readonly rest: Plan | boolean;
  readonly items: Plan | undefined;
  readonly strict: ((data: unknown) => boolean) | undefined;
}

const BITS: Record<string, number> = { string: 1, integer: 2, number: 6, boolean: 8, null: 16, array: 32, object: 64 };
const ANY = 127;

/** The bit of the JSON type of a value. The bits of `number` include that of `integer`. */
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

const plans = new WeakMap<Shape, Plan>();

/** The plan of a shape, compiled at its first drift. */
export function planOf(shape: Shape): Plan {
  const known = plans.get(shape);
  if (known) return known;
  const types = shape.type?.reduce((bits, type) => bits | (BITS[type] ?? 0), 0) ?? ANY;
  const plan: Plan = {
    types,
    typeNames: shape.type?.join(" or ") ?? "a value",
    values: shape.enum,
    valueNames: `one of ${shape.enum?.map(nameOf).join(", ")}`,
    anyString: shape.enum === undefined && (types & 1) === 1,
    required: shape.required ?? [],
    fields: new Map(
      Object.entries(shape.properties ?? {}).map(([name, field]) => [
        name,
        { plan: planOf(field), required: shape.required?.includes(name) ?? false },
      ]),
    ),
    rest: typeof shape.additional === "object" ? planOf(shape.additional) : shape.additional,
    items: shape.items && planOf(shape.items),
    strict: shape.strict,
  };
  plans.set(shape, plan);
  return plan;
}

/** The text of an enum value: a plain word unchanged, anything ambiguous such as "null" or "" as JSON. */
function nameOf(value: unknown): string {
  return typeof value === "string" && /^[\w -]+$/.test(value) && !/^(null|true|false)$/.test(value)
    ? value
    : JSON.stringify(value);
}
