import { hash } from "node:crypto";
import type { PushKey, PushSchema } from "../generated/catalogue.js";
import { parsePointer, readAt } from "./pointer.js";

interface Reader {
  /** For each part of the subject, the places where it may be. The first one with a value is used. */
  subject: string[][][];
  keys: [PushKey, string[]][];
}

const readers = new WeakMap<PushSchema, Reader>();

function readerOf(schema: PushSchema): Reader {
  let reader = readers.get(schema);
  if (reader === undefined) {
    const keys = Object.entries(schema.keys) as [PushKey, string][];
    reader = {
      subject: schema.subject.map((part) => (typeof part === "string" ? [part] : part).map(parsePointer)),
      keys: keys.map(([key, pointer]) => [key, parsePointer(pointer)]),
    };
    readers.set(schema, reader);
  }
  return reader;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" ? String(value) : undefined;
}

function firstText(payload: object, places: readonly string[][]): string | undefined {
  for (const steps of places) {
    const text = textOf(readAt(payload, steps));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Subjects stay in memory to detect duplicates and to keep order, so their length is limited. */
const MAX_LENGTH = 256;
const KEPT_LENGTH = 64;

/**
 * The subject of a push: one string for all pushes about the same call, agent in a task, contact, task and so on. A string of more than 256
 * characters is replaced by its beginning and its SHA-256. `undefined` if the payload has none of the subject's fields.
 */
export function findSubject(schema: PushSchema | undefined, payload: object): string | undefined {
  if (schema === undefined) return undefined;
  let subject: string = schema.type;
  let found = false;
  for (const places of readerOf(schema).subject) {
    const text = firstText(payload, places);
    found ||= text !== undefined;
    subject += `|${text ?? ""}`;
  }
  if (!found) return undefined;
  return subject.length > MAX_LENGTH ? `${subject.slice(0, KEPT_LENGTH)}|${hash("sha256", subject)}` : subject;
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
