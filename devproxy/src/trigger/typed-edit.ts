import { type PushSchema, readAt, type Shape } from "airudder-webhooks/inspect";
import { suggestion } from "../config/index.js";
import { usageError } from "../errors.js";
import { type Edit, formatPath } from "../replay/index.js";
import { similarPath } from "./schema-paths.js";

/**
 * Converts the text of `--set path=value` into the JSON type that the schema states for the field: `CallTimes=3` is a number, `CaseID=123` a
 * string. Its value must be documented or known, and a time must have the stated format. `path:=json` stays as given: it may add an unknown field, or set a wrong type or value. A field that no schema describes keeps the
 * rules of `replay --set`.
 * @param payload the payload that is edited; a field that it already has can be set
 * @throws DevproxyError `usage`, if the schema does not have the field, or does not allow the value
 */
export function typedEdit(edit: Edit, schema: PushSchema | undefined, payload: unknown): Edit {
  if (edit.isJson) return edit;
  const shape = shapeAt(schema?.shape, edit.steps);
  if (shape === "any") return edit;
  if (shape === undefined) {
    if (readAt(payload, edit.steps) !== undefined) return edit;
    throw unknownPath(edit, schema as PushSchema);
  }
  return { ...edit, value: jsonOf(edit, shape), isJson: true };
}

/** The shape of the field at a path: `any` if its value is not described, `undefined` if there is no such field. */
function shapeAt(root: Shape | undefined, steps: readonly string[]): Shape | "any" | undefined {
  let shape: Shape | "any" = root ?? "any";
  for (const step of steps) {
    const child: Shape | "any" | undefined = shape === "any" ? "any" : childOf(shape, step);
    if (child === undefined) return undefined;
    shape = child;
  }
  return shape === "any" || shape.type === undefined ? "any" : shape;
}

function childOf({ type, properties, items, additional }: Shape, step: string): Shape | "any" | undefined {
  if (type === undefined) return "any";
  if (type.includes("array") && /^\d+$/.test(step)) return items ?? "any";
  if (!type.includes("object")) return undefined;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step];
  if (typeof additional === "object") return additional;
  // If the docs are incomplete, other fields may exist, but a field that they do not name is more often a typing error.
  const namesFields = Object.keys(properties ?? {}).length > 0;
  return additional && !namesFields ? "any" : undefined;
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The JSON text of the value. @throws DevproxyError `usage` */
function jsonOf(edit: Edit, { type = [], enum: documented, known, format }: Shape): string {
  const { value } = edit;
  const values = documented ?? known;
  if (values !== undefined) {
    if (values.includes(value)) return JSON.stringify(value);
    if (value === "null" && values.includes(null)) return "null";
    const texts = values.filter((one) => one !== null).map(valueText);
    throw notAllowed(edit, `takes one of ${texts.join(", ")}`, suggestion(value, texts));
  }
  const time = TIMES[format ?? ""];
  if (time !== undefined && !time.pattern.test(value)) throw notAllowed(edit, `takes ${time.text}`);
  const isNumber = (type.includes("number") && NUMBER.test(value)) || (type.includes("integer") && INTEGER.test(value));
  if (isNumber || (type.includes("boolean") && /^(true|false)$/.test(value))) return value;
  if (type.includes("string")) return JSON.stringify(value);
  if (type.includes("null") && value === "null") return value;
  throw notAllowed(edit, `takes ${type.map((one) => NAMES[one] ?? one).join(" or ")}`);
}

const ISO_8601 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/;

/** The formats of times in the schemas, by `x-format`. */
const TIMES: Readonly<Record<string, { pattern: RegExp; text: string }>> = {
  "ISO 8601, UTC": { pattern: ISO_8601, text: "a time such as 2026-01-05T02:00:00Z" },
  "ISO 8601, UTC, or empty": {
    pattern: new RegExp(`^$|${ISO_8601.source}`),
    text: "a time such as 2026-01-05T02:00:00Z, or nothing",
  },
  "YYYY-MM-DD HH:MM:SS, no zone": {
    pattern: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
    text: "a time such as 2026-01-05 02:00:00",
  },
  "YYYY-MM-DD": { pattern: /^\d{4}-\d\d-\d\d$/, text: "a date such as 2026-01-05" },
  "HH:MM:SS": { pattern: /^\d{1,3}:\d\d:\d\d$/, text: "a time such as 00:01:30" },
  "epoch milliseconds, 13 digits in a string": { pattern: /^\d{13}$/, text: "epoch milliseconds, 13 digits" },
};

const NAMES: Readonly<Record<string, string>> = {
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function valueText(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}

function notAllowed({ path, value, steps }: Edit, what: string, hint = ""): Error {
  const json = /^[[{]/.test(value) ? value : JSON.stringify(value);
  return usageError(
    `--set "${path}=${value}": ${formatPath(steps)} ${what}.${hint} To set another value on purpose, give it as JSON: '${path}:=${json}'.`,
  );
}

function unknownPath({ path, value, steps }: Edit, schema: PushSchema): Error {
  const similar = similarPath(schema, steps);
  const hint = similar === undefined ? "" : ` Did you mean ${similar}?`;
  const advice = `To add an unknown field on purpose, give its value as JSON: '${path}:=${JSON.stringify(value)}'.`;
  return usageError(`--set "${path}=${value}": ${schema.name} has no field ${formatPath(steps)}.${hint} ${advice}`);
}
