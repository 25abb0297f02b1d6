import { suggestion } from "../config/index.js";
import { usageError } from "../errors.js";

/** The JSON Schema of an argument of a tool. */
export type ArgumentSchema =
  | { type: "string"; description: string; enum?: readonly string[] }
  | { type: "integer"; description: string; minimum: number; maximum: number; default?: number }
  | { type: "boolean"; description: string; default: boolean }
  | { type: "array"; description: string; items: { type: "string" }; minItems: number; maxItems: number };

/** The JSON Schema of the arguments of a tool. */
export interface InputSchema {
  type: "object";
  properties: Record<string, ArgumentSchema>;
  required?: string[];
  additionalProperties: false;
}

export type Arguments = Record<string, unknown>;

/** Maximum length of a text that an argument contains. */
const MAX_TEXT = 10_000;

export function inputSchema(properties: Record<string, ArgumentSchema>, required: string[] = []): InputSchema {
  return {
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/**
 * Returns the arguments of a call, without those that are null. Accepts a whole number where a string is expected, such as the number of a
 * push.
 * @throws DevproxyError `usage`, naming the argument
 */
export function checkArguments({ properties, required = [] }: InputSchema, given: Arguments): Arguments {
  const names = Object.keys(properties);
  const found: Arguments = {};
  for (const [name, value] of Object.entries(given)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema === undefined) throw unknownArgument(name, names);
    if (value !== null) found[name] = checkArgument(name, schema, value);
  }
  const missing = required.find((name) => found[name] === undefined);
  if (missing !== undefined) throw usageError(`The argument ${missing} is missing.`);
  return found;
}

/** Flags of the commands whose argument has another name. */
const ARGUMENTS_OF_FLAGS: Readonly<Record<string, string>> = { last: "limit" };

function unknownArgument(name: string, names: readonly string[]): Error {
  const known = names.length === 0 ? "The tool takes no arguments." : `Give ${names.join(", ")}.`;
  const renamed = Object.hasOwn(ARGUMENTS_OF_FLAGS, name) ? ARGUMENTS_OF_FLAGS[name] : undefined;
  const advice =
    renamed !== undefined && names.includes(renamed) ? ` Did you mean ${renamed}?` : suggestion(name, names);
  return usageError(`"${name.slice(0, 100)}" is not an argument of this tool.${advice} ${known}`);
}

function checkArgument(name: string, schema: ArgumentSchema, value: unknown): unknown {
  if (schema.type === "string") return checkText(name, value, schema.enum);
  if (schema.type === "boolean") {
    if (typeof value === "boolean") return value;
    throw usageError(`The argument ${name} must be true or false.`);
  }
  if (schema.type === "integer") {
    const { minimum, maximum } = schema;
    if (Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return value;
    throw usageError(`The argument ${name} must be a whole number from ${minimum} to ${maximum}.`);
  }
  const { minItems, maxItems } = schema;
  const items = Array.isArray(value) ? value : [value];
  if (items.length < minItems || items.length > maxItems)
    throw usageError(`The argument ${name} must be a list of ${minItems} to ${maxItems} texts.`);
  return items.map((item) => checkText(name, item));
}

function checkText(name: string, value: unknown, allowed?: readonly string[]): string {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || text === "" || text.length > MAX_TEXT)
    throw usageError(`The argument ${name} must be a text of 1 to ${MAX_TEXT} characters.`);
  if (allowed === undefined || allowed.includes(text)) return text;
  const advice = `${suggestion(text, allowed)} Give one of ${allowed.join(", ")}.`;
  throw usageError(`The argument ${name} "${text.slice(0, 100)}" is unknown.${advice}`);
}
