import type { PushSchema } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { findSchema } from "../push/identify.js";
import { parsePointer } from "../push/pointer.js";
import { type RandomNumber, randomFrom } from "./random.js";

/** An id gets at least this number of random decimal digits, so that two pushes do not get the same id by chance. */
const MIN_DIGITS = 10;
/** Hexadecimal ids, with or without hyphens. */
const HEX_ID = /^(?=.*[a-f])(?=.*\d)[0-9a-f-]{16,64}$/i;
const MAX_INT32 = 2 ** 31 - 1;

/**
 * Copies a payload and replaces the ids of its task, calls and case. A push without such an id, such as `workflow.status`, gets a new
 * workflow id. Therefore, a receiver does not treat the copy as a duplicate. All other fields stay the same. `Sign` also stays, although it no longer
 * matches the new `TaskID`: `signedRequest` signs the copy.
 *
 * @param type type of the push. Default: identified by shape. A push of an unknown shape has no known ids, so nothing is replaced.
 * @param options.seed the same seed produces the same ids. Default: random ids
 * @example
 * const request = signedRequest(renewIds(recorded), { key: "test-key" });
 */
export function renewIds<T extends object>(payload: T, type?: PushType, options: { readonly seed?: number } = {}): T {
  const copy = structuredClone(payload);
  const schema = findSchema(copy, type);
  if (schema !== undefined) renewIdsIn(copy, schema, randomFrom(options.seed));
  return copy;
}

/** Replaces the ids in a payload, see {@link renewIds}. */
export function renewIdsIn(payload: object, schema: PushSchema, random: RandomNumber): void {
  for (const pointer of idPointers(schema)) renewAt(payload, parsePointer(pointer), random);
}

/** JSON pointers to the ids of a push, without those that other pushes share: workflow, node, agent and phone number. */
function idPointers({ keys, subject }: PushSchema): Set<string> {
  const shared = [keys.workflow, keys.node, keys.agent, keys.phone];
  const own = [keys.task, keys.call, keys.case, ...subject.flat()].filter(
    (pointer): pointer is string => pointer !== undefined && !shared.includes(pointer),
  );
  return new Set(own.length > 0 || keys.workflow === undefined ? own : [keys.workflow]);
}

/** Replaces the id at a pointer. The index 0 in the pointer stands for every element of the list. */
function renewAt(holder: unknown, [name, ...rest]: string[], random: RandomNumber): void {
  if (typeof holder !== "object" || holder === null || name === undefined) return;
  const values = holder as Record<string, unknown>;
  for (const key of Array.isArray(holder) && name === "0" ? Object.keys(holder) : [name]) {
    if (!Object.hasOwn(values, key)) continue;
    if (rest.length > 0) renewAt(values[key], rest, random);
    else values[key] = newId(values[key], random);
  }
}

/** A new id of the same form. Values that are not ids, such as an empty string, stay. */
export function newId(id: unknown, random: RandomNumber): unknown {
  if (typeof id === "number") return newNumber(id, random);
  if (typeof id !== "string" || id === "") return id;
  const digits = (count: number, base: number) =>
    Array.from({ length: count }, () => Math.floor(random() * base).toString(base)).join("");
  if (HEX_ID.test(id)) {
    const renewed = id.replace(/[0-9a-f]/gi, () => digits(1, 16));
    return /[A-F]/.test(id) ? renewed.toUpperCase() : renewed;
  }
  const longest = (id.match(/\d+/g) ?? []).reduce((found, run) => (run.length > found.length ? run : found), "");
  const number = digits(Math.max(longest.length, MIN_DIGITS), 10);
  return longest === "" ? `${id}-${number}` : id.replace(longest, number);
}

/** Small numbers stay within 32 bits, because an app may store them so. */
function newNumber(id: number, random: RandomNumber): number {
  if (!Number.isSafeInteger(id)) return id;
  const [min, max] = id <= MAX_INT32 ? [1_000_000_000, MAX_INT32] : [MAX_INT32 + 1, Number.MAX_SAFE_INTEGER];
  return min + Math.floor(random() * (max - min + 1));
}
