import { type Node, typesOf } from "./schema.js";

/** The kinds of personal data: the words in placeholders. `schemas/README.md` describes each. */
export const personalKinds = [
  "name",
  "phone",
  "email",
  "gender",
  "address",
  "amount",
  "date",
  "text",
  "label",
  "link",
  "id",
  "signature",
] as const;
export type PersonalKind = (typeof personalKinds)[number];

const TIME = "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?";
/** Seconds or milliseconds, from 2020 to 2033. Wider limits would include phone numbers. */
const EPOCH = "1[6-9]\\d{8}(?:\\d{3})?";
/** Fewer digits than a phone number has. */
const COUNT = "-?\\d{1,6}|true|false";

/** The formats of values that cannot be personal, as patterns of the whole value. */
const FORMATS: Readonly<Record<string, string>> = {
  "ISO 8601, UTC": TIME,
  "ISO 8601, UTC, or empty": TIME,
  "YYYY-MM-DD HH:MM:SS, no zone": TIME,
  "HH:MM:SS": "\\d{1,3}:\\d\\d:\\d\\d",
  "epoch milliseconds, 13 digits in a string": EPOCH,
  "ISO 4217 code": "[A-Z]{3}",
  "language code": "[a-z]{2}(?:[-_][A-Za-z]{2,4})?",
  integer: COUNT,
  "integer, or its digits": COUNT,
};

const NOT_VALUES = new Set(["object", "array", "null"]);

/** Whether a node can be a value by itself, so that it needs `x-personal`. */
export function isValue(node: Node): boolean {
  return typesOf(node).some((type) => !NOT_VALUES.has(type));
}

/** Whether a node states `false` or a kind of personal data. */
export function hasStatement({ "x-personal": personal }: Node): boolean {
  return personal === false || personalKinds.some((kind) => kind === personal);
}

/**
 * A regular expression literal that matches the harmless values of a field with `x-personal: false`. The dev proxy redacts all other
 * values, also in such a field. `undefined` if the schema does not limit the values.
 */
export function harmlessPattern(node: Node): string | undefined {
  const values = node.const === undefined ? (node.enum ?? node["x-known-values"]) : [node.const];
  // Letter case varies between pushes.
  if (values !== undefined) return `/^(?:${[...new Set(values.map(escaped))].filter(Boolean).join("|")})$/i`;
  const pattern = node["x-unit"] === "seconds since 1970" ? EPOCH : FORMATS[node["x-format"] ?? ""];
  if (pattern !== undefined) return `/^(?:${pattern})$/`;
  return typesOf(node).some((type) => COUNTED.has(type)) ? `/^(?:${COUNT})$/` : undefined;
}

const COUNTED = new Set(["integer", "number", "boolean"]);

function escaped(value: unknown): string {
  return String(value).replace(/[\\^$.*+?()[\]{}|/-]/g, (letter) => `\\${letter}`);
}
