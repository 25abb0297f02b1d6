import type { Shape } from "../generated/catalogue.js";
import { schemaCompiler } from "./compiled-schema.js";
import { type DriftKind, findMismatches, type PayloadStep } from "./mismatch.js";
import { pointerStep } from "./pointer.js";

/** One place where a payload differs from its schema. Contains the types of values, and no values: they may be personal data. */
export interface Drift {
  /**
   * JSON pointer into the payload, such as `/Details/0/RingType`. A name that is not in the schema may be personal data, so `*` replaces it,
   * unless it is a plain identifier without five digits in a row.
   */
  readonly path: string;
  readonly kind: DriftKind;
  /** What the schema requires. */
  readonly expected: string;
  /** The type of the received value. */
  readonly got: string;
}

/** Maximum number of entries. Limits the time that a hostile payload can cost. */
const MAX_ENTRIES = 32;

const compile = schemaCompiler<Shape>(({ type, enum: values, required, properties, additional, items, strict }) => ({
  types: type,
  values,
  required,
  properties: properties && Object.entries(properties),
  rest: additional,
  items,
  strict,
}));

/** Finds the places where `payload` differs from `shape`, up to 32. */
export function findDrift(shape: Shape, payload: unknown): Drift[] {
  return findMismatches(compile(shape), payload, MAX_ENTRIES).map(({ kind, steps, expected, value }) => ({
    path: steps.map(pointerOf).join(""),
    kind,
    expected,
    got: kind === "missing_field" ? "nothing" : describe(value),
  }));
}

/** Returns the pointer step. In an undocumented name, separators do not end a run of digits, since phone numbers contain them. */
function pointerOf({ kind, name }: PayloadStep): string {
  if (kind !== "undocumented") return pointerStep(name);
  const isPlain = /^[A-Za-z0-9_-]{1,64}$/.test(name) && !/\d{5}/.test(name.replace(/[_-]/g, ""));
  return isPlain ? `/${name}` : "/*";
}

function describe(value: unknown): string {
  if (typeof value === "string") return `string of ${value.length}`;
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}
