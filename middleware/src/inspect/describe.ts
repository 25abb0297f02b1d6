import { AirudderError } from "../errors.js";
import type { PushSchema } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import type { HeaderMap } from "../journal/index.js";
import { likelyCause } from "../push/authenticate.js";
import type { Drift } from "../push/drift.js";
import type { PushFacts } from "../push/facts.js";
import { findSchema } from "../push/identify.js";
import { decodeBody } from "../push/parse-push.js";
import { DEFAULT_KEY, verifySign } from "../push/sign.js";
import { findSearchIds, findSubject } from "../push/subject.js";
import { validate } from "../push/validate.js";
import { hasSchema } from "./type-names.js";

/** How a body compares with the schema of its type. */
export interface PushMeasure {
  /** `unparsable` for a body that is no JSON object. */
  readonly type: PushType | "unparsable";
  /** Name of the schema that the body is compared with, such as `dialer.task.bare`. Absent for an unknown type. */
  readonly schema?: string;
  /** Whether the payload lacks what every handler of its type needs. */
  readonly quarantined: boolean;
  /** Where the payload differs from the schema. */
  readonly drift: readonly Drift[];
  /** The parsed body. */
  readonly payload?: object;
}

/** What a body contains, and whether its signature is correct. */
export interface PushDescription extends PushMeasure, Readonly<Omit<PushFacts, keyof PushMeasure>> {
  /** Likely cause, if the payload carries a `Sign` that matches none of the keys. */
  readonly signProblem?: string;
}

interface Measured {
  schema: PushSchema | undefined;
  payload: object;
  measure: PushMeasure;
}

/** `undefined` for a body that is no JSON object. */
function measure(body: Uint8Array, headers: HeaderMap, recordedType: string | undefined): Measured | undefined {
  let payload: object;
  try {
    ({ payload } = decodeBody(body, headers));
  } catch (error) {
    if (!(error instanceof AirudderError)) throw error;
    return undefined;
  }
  const schema = findSchema(payload, hasSchema(recordedType) ? recordedType : undefined);
  return {
    schema,
    payload,
    measure: {
      type: schema?.type ?? "unknown",
      ...(schema === undefined ? {} : { schema: schema.name }),
      ...validate(schema, payload),
      payload,
    },
  };
}

const UNPARSABLE = { type: "unparsable", quarantined: false, drift: [] } as const;

/**
 * Compares a body with the schema of its type. Never throws. Faster than `describePush`, which also checks the signature and finds ids.
 * @param options.type the type that the push was recorded with; default: the payload's shape decides, as for a type without a schema
 */
export function measurePush(body: Uint8Array, headers: HeaderMap = {}, options: { type?: string } = {}): PushMeasure {
  return measure(body, headers, options.type)?.measure ?? UNPARSABLE;
}

/**
 * Describes a body for a tool that shows or records pushes. Never throws.
 * @param options.key key or keys of `Sign`; default: the vendor's public key
 * @param options.type the type that the push was recorded with; default: the payload's shape decides, as for a type without a schema
 */
export function describePush(
  body: Uint8Array,
  headers: HeaderMap = {},
  options: { key?: string | readonly string[]; type?: string } = {},
): PushDescription {
  const measured = measure(body, headers, options.type);
  if (measured === undefined) return { ...UNPARSABLE, verified: false };
  const { schema, payload } = measured;
  const subject = findSubject(schema, payload);
  const isChecked = schema?.sign === "Sign";
  const verified = isChecked && verifySign(payload, options.key);
  const isWrong = isChecked && !verified && "Sign" in payload;
  return {
    ...measured.measure,
    verified,
    ...(isWrong ? { signProblem: likelyCause(payload, [options.key ?? DEFAULT_KEY].flat()) } : {}),
    ...(subject === undefined ? {} : { subject }),
    ...findSearchIds(schema, payload),
  };
}
