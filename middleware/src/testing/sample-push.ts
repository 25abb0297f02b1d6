import { AirudderError } from "../errors.js";
import { catalogue, type PushSchema } from "../generated/catalogue.js";
import { samples } from "../generated/samples.js";
import type { PushPayloads, PushType } from "../generated/types.js";
import { parsePointer } from "../push/pointer.js";
import { DEFAULT_KEY, sign } from "../push/sign.js";
import { merge, type Overrides } from "./merge.js";
import { randomFrom } from "./random.js";

/** Options of {@link samplePush}. */
export interface SampleOptions {
  /** Key to sign with. Default: the vendor's public `airudder`. */
  readonly key?: string;
  /** The same seed gives the same push. Default: new ids each time. */
  readonly seed?: number;
  /** Form of a dialer push. Default: `wrapped`, as a workflow sends it. */
  readonly form?: "wrapped" | "bare";
}

/**
 * A payload as the vendor sends it: valid, with new ids, signed if its type carries a `Sign`. The personal data is fictitious. If the
 * vendor's vocabulary is not known, the value is `<unknown vocabulary>`.
 * @param overrides the fields to set, at any depth; `undefined` removes a field; a list gets as many elements as you pass, each merged over
 * the sample's; a `Sign` that you pass is not replaced
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
  renew(payload, schema, random);
  const merged = merge(payload, overrides) as Record<string, unknown>;
  renewCalls(merged.Details, (overrides as { Details?: unknown }).Details, random);
  if (schema.sign === "Sign" && !Object.hasOwn(overrides, "Sign") && typeof merged.TaskID === "string") {
    merged.Sign = sign(merged.TaskID, options.key ?? DEFAULT_KEY);
  }
  return merged as PushPayloads[T];
}

/** Gives the payload a new task, call and case. */
function renew(payload: object, { keys }: PushSchema, random: () => number): void {
  for (const pointer of [keys.task, keys.call, keys.case]) {
    if (pointer === undefined) continue;
    const steps = parsePointer(pointer);
    const last = steps.pop() as string;
    const parent = steps.reduce<unknown>(
      (value, step) => (value as Record<string, unknown> | undefined)?.[step],
      payload,
    ) as Record<string, unknown> | undefined;
    if (typeof parent?.[last] === "string") parent[last] = renewed(parent[last], random);
  }
}

/** Further calls of a list are copies of the sample's: each gets a call id that no other has, unless it was given one. */
function renewCalls(details: unknown, overrides: unknown, random: () => number): void {
  if (!Array.isArray(details) || !Array.isArray(overrides)) return;
  details.forEach((detail, i) => {
    const isGiven = Object.hasOwn((overrides[i] as object | null | undefined) ?? {}, "CallID");
    if (i > 0 && !isGiven && typeof detail?.CallID === "string") detail.CallID = renewed(detail.CallID, random);
  });
}

/** The same text with other digits: hexadecimal ones where it is an id of 32 of them. */
function renewed(text: string, random: () => number): string {
  const isHex = /^[0-9a-f]{32}$/.test(text);
  return text.replace(isHex ? /./g : /\d(?!$)/g, () => Math.floor(random() * (isHex ? 16 : 10)).toString(16));
}
