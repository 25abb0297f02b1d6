import type { PushKey, PushSchema } from "../generated/catalogue.js";
import { readAt, stepsOf } from "./pointer.js";

interface Reader {
  subject: string[][];
  keys: [PushKey, string[]][];
}

const readers = new WeakMap<PushSchema, Reader>();

function readerOf(schema: PushSchema): Reader {
  let reader = readers.get(schema);
  if (reader === undefined) {
    const keys = Object.entries(schema.keys) as [PushKey, string][];
    reader = { subject: schema.subject.map(stepsOf), keys: keys.map(([key, pointer]) => [key, stepsOf(pointer)]) };
    readers.set(schema, reader);
  }
  return reader;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" ? String(value) : undefined;
}

/**
 * What a push is about, one text for all pushes about the same thing: a call, an agent in a task, a contact, a task, …
 * `undefined` where the payload does not say.
 */
export function findSubject(schema: PushSchema | undefined, payload: object): string | undefined {
  if (schema === undefined) return undefined;
  let subject: string = schema.type;
  let found = false;
  for (const steps of readerOf(schema).subject) {
    const text = textOf(readAt(payload, steps));
    found ||= text !== undefined;
    subject += `|${text ?? ""}`;
  }
  return found ? subject : undefined;
}

/** The ids that a push is looked up by, under one name for all types. */
export function findKeys(schema: PushSchema | undefined, payload: object): { [key in PushKey]?: string } {
  const found: { [key in PushKey]?: string } = {};
  if (schema === undefined) return found;
  for (const [key, steps] of readerOf(schema).keys) {
    const text = textOf(readAt(payload, steps));
    if (text !== undefined) found[key] = text;
  }
  return found;
}
