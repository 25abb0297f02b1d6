import { AirudderError } from "../errors.js";
import { catalogue } from "../generated/catalogue.js";
import { samples } from "../generated/samples.js";
import type { PushPayloads, PushType } from "../generated/types.js";
import { DEFAULT_KEY, sign } from "../push/sign.js";
import { merge, type Overrides } from "./merge.js";
import { type RandomNumber, randomFrom } from "./random.js";
import { newId, renewIdsIn } from "./renew-ids.js";

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
  renewIdsIn(payload, schema, random);
  const merged = merge(payload, overrides) as Record<string, unknown>;
  renewCallIds(merged.Details, (overrides as { Details?: unknown }).Details, random);
  if (schema.sign === "Sign" && !Object.hasOwn(overrides, "Sign") && typeof merged.TaskID === "string") {
    merged.Sign = sign(merged.TaskID, options.key ?? DEFAULT_KEY);
  }
  return merged as PushPayloads[T];
}

/** Replaces the ids of all calls but the first, because additional calls are copies with the same id. Keeps ids that the test has set. */
function renewCallIds(details: unknown, overrides: unknown, random: RandomNumber): void {
  if (!Array.isArray(details) || !Array.isArray(overrides)) return;
  details.forEach((detail, i) => {
    if (i === 0 || typeof detail !== "object" || detail === null) return;
    const given = (overrides[i] as object | null | undefined) ?? {};
    for (const name of ["CallID", "id"] as const) {
      if (!Object.hasOwn(given, name) && Object.hasOwn(detail, name)) detail[name] = newId(detail[name], random);
    }
  });
}
