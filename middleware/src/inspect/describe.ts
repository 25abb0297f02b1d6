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

/** The result of validating a body against the schema of its type. */
export interface PushValidation {
  /** `unparsable` for a body that is not a JSON object. */
  readonly type: PushType | "unparsable";
  /** Name of the schema of the body, such as `dialer.task.bare`. Absent for an unknown type. */
  readonly schema?: string;
  /** Whether the payload lacks what every handler of its type needs. */
  readonly quarantined: boolean;
  /** Where the payload differs from the schema. */
  readonly drift: readonly Drift[];
  /** The parsed body. */
  readonly payload?: object;
}

/** What a body contains, and whether its signature is correct. */
export interface PushDescription extends PushValidation, Readonly<Omit<PushFacts, keyof PushValidation>> {
  /** Likely cause, if the payload carries a `Sign` that matches none of the keys. */
  readonly signProblem?: string;
}

interface ValidatedBody {
  schema: PushSchema | undefined;
  payload: object;
  validation: PushValidation;
}

/** `undefined` for a body that is not a JSON object. */
function validateBody(
  body: Uint8Array,
  headers: HeaderMap,
  recordedType: string | undefined,
): ValidatedBody | undefined {
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
    validation: {
      type: schema?.type ?? "unknown",
      ...(schema === undefined ? {} : { schema: schema.name }),
      ...validate(schema, payload),
      payload,
    },
  };
}

const UNPARSABLE = { type: "unparsable", quarantined: false, drift: [] } as const;

/**
 * Validates a body against the schema of its type. Never throws. Faster than `describePush`, which also verifies the signature and finds ids.
 * @param options.type the recorded type of the push. If it is absent or has no schema, the type is identified by shape.
 */
export function validatePush(
  body: Uint8Array,
  headers: HeaderMap = {},
  options: { type?: string } = {},
): PushValidation {
  return validateBody(body, headers, options.type)?.validation ?? UNPARSABLE;
}

/**
 * Describes a body for a tool that shows or records pushes. Never throws.
 * @param options.key key or keys of `Sign`; default: the vendor's published key
 * @param options.type the recorded type of the push. If it is absent or has no schema, the type is identified by shape.
 */
export function describePush(
  body: Uint8Array,
  headers: HeaderMap = {},
  options: { key?: string | readonly string[]; type?: string } = {},
): PushDescription {
  const validated = validateBody(body, headers, options.type);
  if (validated === undefined) return { ...UNPARSABLE, verified: false };
  const { schema, payload } = validated;
  const subject = findSubject(schema, payload);
  const isSignChecked = schema?.sign === "Sign";
  const verified = isSignChecked && verifySign(payload, options.key);
  const isSignWrong = isSignChecked && !verified && "Sign" in payload;
  return {
    ...validated.validation,
    verified,
    ...(isSignWrong ? { signProblem: likelyCause(payload, [options.key ?? DEFAULT_KEY].flat()) } : {}),
    ...(subject === undefined ? {} : { subject }),
    ...findSearchIds(schema, payload),
  };
}
