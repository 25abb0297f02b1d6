import { hash } from "node:crypto";
import type { PushKey, PushSchema } from "../generated/catalogue.js";
import { SEARCH_KEYS, type SearchIds } from "./facts.js";
import { parsePointer, readAt } from "./pointer.js";

/** The parsed JSON pointers of a schema. */
interface ParsedPointers {
  /** For each part of the subject, its candidate pointers. The first one with a value is used. */
  subject: string[][][];
  keys: [PushKey, string[]][];
  searchKeys: [PushKey, string[]][];
}

const pointersOfSchemas = new WeakMap<PushSchema, ParsedPointers>();

function pointersOf(schema: PushSchema): ParsedPointers {
  let pointers = pointersOfSchemas.get(schema);
  if (pointers === undefined) {
    const keys = Object.entries(schema.keys).map(([key, pointer]): [PushKey, string[]] => [
      key as PushKey,
      parsePointer(pointer),
    ]);
    pointers = {
      subject: schema.subject.map((part) => (typeof part === "string" ? [part] : part).map(parsePointer)),
      keys,
      searchKeys: keys.filter(([key]) => (SEARCH_KEYS as readonly PushKey[]).includes(key)),
    };
    pointersOfSchemas.set(schema, pointers);
  }
  return pointers;
}

function idText(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" ? String(value) : undefined;
}

function firstId(payload: object, candidates: readonly string[][]): string | undefined {
  for (const names of candidates) {
    const text = idText(readAt(payload, names));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Subjects stay in memory to detect duplicates and to keep order, so their length is limited. */
const MAX_LENGTH = 256;
const PREFIX_LENGTH = 64;

/**
 * Returns the subject of a push. It identifies what the push is about, such as a call, agent or task, and is equal for all pushes about it. If
 * it is longer than 256 characters, it is shortened to its beginning and its SHA-256. Returns `undefined` if the payload has none of the
 * subject's fields.
 */
export function findSubject(schema: PushSchema | undefined, payload: object): string | undefined {
  if (schema === undefined) return undefined;
  let subject: string = schema.type;
  let found = false;
  for (const candidates of pointersOf(schema).subject) {
    const text = firstId(payload, candidates);
    found ||= text !== undefined;
    subject += `|${text ?? ""}`;
  }
  if (!found) return undefined;
  return subject.length > MAX_LENGTH ? `${subject.slice(0, PREFIX_LENGTH)}|${hash("sha256", subject)}` : subject;
}

/** The ids of a push, under the same names for all types. */
export function findIds(schema: PushSchema | undefined, payload: object): { [key in PushKey]?: string } {
  return schema === undefined ? {} : idsAt(payload, pointersOf(schema).keys);
}

/** Finds the ids that are stored with a push. */
export function findSearchIds(schema: PushSchema | undefined, payload: object): SearchIds {
  return schema === undefined ? {} : idsAt(payload, pointersOf(schema).searchKeys);
}

function idsAt(payload: object, pointers: readonly [PushKey, string[]][]): { [key in PushKey]?: string } {
  const found: { [key in PushKey]?: string } = {};
  for (const [key, names] of pointers) {
    const text = idText(readAt(payload, names));
    if (text !== undefined) found[key] = text;
  }
  return found;
}
