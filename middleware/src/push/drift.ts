import type { Shape } from "../generated/catalogue.js";
import { schemaCompiler } from "./compiled-schema.js";
import { type DriftKind, findMismatches, type PathStyle } from "./mismatch.js";
import { pointerStep } from "./pointer.js";

/** One place where a payload differs from its schema. Contains the types of values, and no values: they may be personal data. */
export interface Drift {
  /**
   * JSON pointer into the payload, such as `/Details/0/RingType`. A name that is not in the schema may be personal data, so it is replaced
   * by `*`. Exception: a plain identifier without five digits in a row.
   */
  readonly path: string;
  readonly kind: DriftKind;
  /** What the schema requires. */
  readonly expected: string;
  /** The type of the received value. */
  readonly got: string;
}

/** Maximum number of entries. Limits the time that a hostile payload can take. */
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

const PATH_STYLE: PathStyle = {
  documented: pointerStep,
  additional: undocumentedStep,
  unknown: undocumentedStep,
  item: (index) => `/${index}`,
};

/** Finds the places where `payload` differs from `shape`, up to 32. */
export function findDrift(shape: Shape, payload: unknown): Drift[] {
  const mismatches = findMismatches(compile(shape), payload, PATH_STYLE, MAX_ENTRIES);
  return mismatches.map(({ kind, path, expected, value }) => ({
    path,
    kind,
    expected,
    got: kind === "missing_field" ? "nothing" : describe(value),
  }));
}

/** Formats a name that is not in the schema. Counts digits without the separators, because phone numbers contain separators. */
function undocumentedStep(name: string): string {
  const isPlain = /^[A-Za-z0-9_-]{1,64}$/.test(name) && !/\d{5}/.test(name.replace(/[_-]/g, ""));
  return isPlain ? `/${name}` : "/*";
}

function describe(value: unknown): string {
  if (typeof value === "string") return `string of length ${value.length}`;
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}
