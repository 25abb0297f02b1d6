import { sign } from "airudder-webhooks";
import { usageError } from "../errors.js";
import { placeInObject, spanOf } from "./json-text.js";
import type { Edit } from "./set.js";

/** Changes of a body before it is sent again. */
export interface Edits {
  set: readonly Edit[];
  /** Signs every push that carries a `Sign` again with this key. */
  key: string | undefined;
  /** Signs a push again whose task id is changed, if no `key` is given. Default: the vendor's public key. */
  agreedKey?: string | undefined;
}

/** Whether there are any changes. */
export function hasEdits({ set, key }: Edits): boolean {
  return set.length > 0 || key !== undefined;
}

/**
 * The edited body. It stays valid JSON, and bytes that no edit concerns do not change.
 * @param name of the push, for messages
 * @throws DevproxyError `usage`, when the body cannot be edited, or has no place for a path
 */
export function editBody(body: Buffer, encoding: string, edits: Edits, name: string): Buffer {
  if (encoding !== "" && encoding !== "identity") {
    throw usageError(`The body of ${name} is compressed (${encoding}); --set and --key cannot change it.`);
  }
  if (payloadOf(body) === undefined)
    throw usageError(`The body of ${name} is not a JSON object; --set and --key cannot change it.`);
  // One character per byte, so that bytes which are not valid UTF-8 stay as they are.
  let text = body.toString("latin1");
  for (const edit of edits.set) text = apply(text, edit, name);
  return Buffer.from(signAgain(text, edits), "latin1");
}

function payloadOf(body: Buffer): object | undefined {
  try {
    const value = JSON.parse(body.toString("utf8").replace(/^\ufeff/, ""));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function apply(text: string, edit: Edit, name: string): string {
  const span = spanOf(text, edit.steps);
  if (span === undefined) return add(text, edit, name);
  const old = text.slice(span.start, span.end);
  return text.slice(0, span.start) + bytesOf(newValue(old, edit)) + text.slice(span.end);
}

/** Adds a missing field at the end of its object. */
function add(text: string, { path, steps, value, isJson }: Edit, name: string): string {
  const object = spanOf(text, steps.slice(0, -1));
  const place = object && placeInObject(text, object);
  if (place === undefined) {
    throw usageError(`--set: there is no ${path} in ${name}, and no object that it could be added to.`);
  }
  const field = bytesOf(`${JSON.stringify(steps.at(-1))}:${isJson ? value : JSON.stringify(value)}`);
  return `${text.slice(0, place.at)}${place.isFirst ? "" : ","}${field}${text.slice(place.at)}`;
}

/** A text as its bytes, one character per byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The JSON text of a new value: a string if the old value is one, or if it is not valid JSON by itself, such as `0812`. */
function newValue(old: string, { value, isJson }: Edit): string {
  if (isJson) return value;
  const isPlain = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null)$/.test(value);
  return old.startsWith('"') || !isPlain ? JSON.stringify(value) : value;
}

function signAgain(text: string, edits: Edits): string {
  const { key, agreedKey } = edits;
  if (sets(edits, "Sign") || (key === undefined && !sets(edits, "TaskID"))) return text;
  const payload = payloadOf(Buffer.from(text, "latin1")) ?? {};
  if (!isSigned(payload)) return text;
  const value = sign(payload.TaskID, key ?? agreedKey);
  return apply(text, { path: "Sign", steps: ["Sign"], value, isJson: false }, "");
}

/** Whether a field of the payload itself is set. */
export function sets({ set }: Edits, name: string): boolean {
  return set.some(({ steps }) => steps.length === 1 && steps[0] === name);
}

/** Whether a payload carries a `Sign`, and what it is made of. */
export function isSigned(payload: object): payload is { TaskID: string; Sign: string } {
  const { TaskID, Sign } = payload as { TaskID?: unknown; Sign?: unknown };
  return typeof TaskID === "string" && typeof Sign === "string";
}
