import { AirudderError } from "../errors.js";
import { catalogue, type PushSchema } from "../generated/catalogue.js";
import { samples } from "../generated/samples.js";
import type { PushPayloads, PushType } from "../generated/types.js";
import { parsePointer } from "../push/pointer.js";
import { DEFAULT_KEY, sign } from "../push/sign.js";
import { merge, type Overrides } from "./merge.js";

/** Options of {@link samplePush}. All are optional. */
export interface SampleOptions {
  /** Key to sign with. Default: the vendor's published key `airudder`. */
  readonly key?: string;
  /** Pushes with the same seed are equal. Default: new ids each time. */
  readonly seed?: number;
  /** Form of a dialer push. Default: `wrapped`, as a workflow sends it. */
  readonly form?: "wrapped" | "bare";
}

/**
 * Creates a payload like the vendor's: valid, with new ids, signed if its type carries a `Sign`. Personal data is fictitious. A field
 * whose values are not documented contains `<unknown vocabulary>`.
 * @param overrides the fields to set, at any depth. `undefined` removes a field. A list has as many elements as you pass; their other fields
 * come from the sample. A `Sign` that you pass is not replaced.
 * @throws AirudderError `invalid_option` for a type that does not exist
 * @example
 * samplePush("call.completed", { Details: [{ Status: "failed", RingType: "busy" }] }, { key: "test-key" });
 */
export function samplePush<T extends PushType>(
  type: T,
  overrides: Overrides<PushPayloads[T]> = {} as Overrides<PushPayloads[T]>,
  options: SampleOptions = {},
): PushPayloads[T] {
  if (type === "unknown") return merge({}, overrides) as PushPayloads[T];
  const schema =
    catalogue.find((each) => each.type === type && (each.form ?? "wrapped") === (options.form ?? "wrapped")) ??
    catalogue.find((each) => each.type === type);
  if (schema === undefined) {
    throw new AirudderError(
      "invalid_option",
      `samplePush(): unknown type "${type}". Types: ${[...new Set(catalogue.map((each) => each.type))].join(", ")}.`,
    );
  }
  const payload = structuredClone(samples[schema.name] ?? {}) as Record<string, unknown>;
  const random = randomFrom(options.seed);
  renewIds(payload, schema, random);
  const merged = merge(payload, overrides) as Record<string, unknown>;
  renewCallIds(merged.Details, (overrides as { Details?: unknown }).Details, random);
  if (schema.sign === "Sign" && !Object.hasOwn(overrides, "Sign") && typeof merged.TaskID === "string") {
    merged.Sign = sign(merged.TaskID, options.key ?? DEFAULT_KEY);
  }
  return merged as PushPayloads[T];
}

/** Replaces the ids of the task, call and case. */
function renewIds(payload: object, { keys }: PushSchema, random: () => number): void {
  for (const pointer of [keys.task, keys.call, keys.case]) {
    if (pointer === undefined) continue;
    const names = parsePointer(pointer);
    const last = names.pop() as string;
    const parent = names.reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | undefined)?.[name],
      payload,
    ) as Record<string, unknown> | undefined;
    if (typeof parent?.[last] === "string") parent[last] = withNewDigits(parent[last], random);
  }
}

/** Replaces the ids of all calls but the first, because additional calls are copies with the same id. Keeps ids that the test has set. */
function renewCallIds(details: unknown, overrides: unknown, random: () => number): void {
  if (!Array.isArray(details) || !Array.isArray(overrides)) return;
  details.forEach((detail, i) => {
    const isGiven = Object.hasOwn((overrides[i] as object | null | undefined) ?? {}, "CallID");
    if (i > 0 && !isGiven && typeof detail?.CallID === "string") detail.CallID = withNewDigits(detail.CallID, random);
  });
}

/** Replaces the digits of an id. An id of 32 hexadecimal digits gets new hexadecimal digits. */
function withNewDigits(text: string, random: () => number): string {
  const isHex = /^[0-9a-f]{32}$/.test(text);
  return text.replace(isHex ? /./g : /\d(?!$)/g, () => Math.floor(random() * (isHex ? 16 : 10)).toString(16));
}

/** Returns a generator of numbers from 0 to 1, without 1. The same seed produces the same numbers. */
function randomFrom(seed: number | undefined): () => number {
  if (seed === undefined) return Math.random;
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
