import type { Shape } from "../generated/catalogue.js";
import { type Plan, planOf, typeBit } from "./plan.js";
import { pointerStep } from "./pointer.js";

/** One place where a payload differs from its schema. Values are named by their type alone: they may be personal data. */
export interface Drift {
  /**
   * JSON pointer into the payload, such as `/Details/0/RingType`. A name that is not in the schema may be personal data, so `*` replaces it,
   * unless it is a plain identifier without five digits in a row.
   */
  readonly path: string;
  readonly kind: "unknown_field" | "missing_field" | "wrong_type" | "unknown_value";
  /** What the schema says. */
  readonly expected: string;
  /** What was received, by its type. */
  readonly got: string;
}

/** Limits the time that a hostile payload can cost. */
const MAX_ENTRIES = 32;

/** An entry whose path grows from its end, as the walk comes back up: a path costs nothing where there is no drift. */
type Found = { -readonly [K in keyof Drift]: Drift[K] };

/** Everything in which `payload` differs from `shape`, up to 32 places. */
export function findDrift(shape: Shape, payload: unknown): Drift[] {
  const found: Found[] = [];
  walk(planOf(shape), payload, found);
  return found;
}

function walk(plan: Plan, value: unknown, found: Found[]): void {
  const type = typeBit(value);
  if ((plan.types & type) === 0) {
    found.push({ path: "", kind: "wrong_type", expected: plan.typeNames, got: describe(value) });
  } else if (plan.values !== undefined && !plan.values.includes(value)) {
    found.push({ path: "", kind: "unknown_value", expected: plan.valueNames, got: describe(value) });
  } else if (type === OBJECT) {
    if (plan.strict?.(value) !== true) walkFields(plan, value as Record<string, unknown>, found);
  } else if (type === ARRAY && plan.items !== undefined) {
    walkItems(plan.items, value as readonly unknown[], found);
  }
}

const ARRAY = typeBit([]);
const OBJECT = typeBit({});

function walkItems(items: Plan, values: readonly unknown[], found: Found[]): void {
  for (let i = 0; i < values.length && found.length < MAX_ENTRIES; i++) {
    const before = found.length;
    walk(items, values[i], found);
    if (found.length > before) lead(found, before, `/${i}`);
  }
}

function walkFields(plan: Plan, value: Record<string, unknown>, found: Found[]): void {
  const { fields, rest } = plan;
  let missing = plan.required.length;
  for (const key in value) {
    if (found.length >= MAX_ENTRIES) return;
    const known = fields.get(key);
    if (known?.required) missing--;
    const field = known?.plan ?? rest;
    if (field === true) continue;
    if (field === false) {
      found.push({
        path: strangeStep(key),
        kind: "unknown_field",
        expected: "no such field",
        got: describe(value[key]),
      });
      continue;
    }
    const child = value[key];
    if (field.anyString && typeof child === "string") continue;
    const before = found.length;
    walk(field, child, found);
    if (found.length > before) lead(found, before, known === undefined ? strangeStep(key) : pointerStep(key));
  }
  if (missing > 0) findMissing(plan, value, found);
}

function findMissing({ required, fields }: Plan, value: object, found: Found[]): void {
  for (const key of required) {
    if (found.length >= MAX_ENTRIES) return;
    if (Object.hasOwn(value, key)) continue;
    const expected = fields.get(key)?.plan.typeNames ?? "a value";
    found.push({ path: pointerStep(key), kind: "missing_field", expected, got: "nothing" });
  }
}

function lead(found: Found[], from: number, before: string): void {
  for (let i = from; i < found.length; i++) (found[i] as Found).path = before + (found[i] as Found).path;
}

/** The pointer step to a field that is not in the schema. Ignores separators, so that digits of a phone number count as one run. */
function strangeStep(key: string): string {
  const isPlain = /^[A-Za-z0-9_-]{1,64}$/.test(key) && !/\d{5}/.test(key.replace(/[_-]/g, ""));
  return isPlain ? `/${key}` : "/*";
}

function describe(value: unknown): string {
  if (typeof value === "string") return `string of ${value.length}`;
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}
