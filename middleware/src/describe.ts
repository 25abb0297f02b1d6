import { AirudderError } from "./errors.js";
import type { PushSchema } from "./generated/catalogue.js";
import type { PushPayloads, PushType } from "./generated/types.js";
import type { HeaderMap } from "./journal/index.js";
import { likelyMistake } from "./push/authenticate.js";
import type { Drift } from "./push/drift.js";
import { findSchema } from "./push/identify.js";
import { inflateBodySync, isEncoded } from "./push/inflate.js";
import { parseBody } from "./push/parse.js";
import { DEFAULT_KEY, verifySign } from "./push/sign.js";
import { findKeys, findSubject } from "./push/subject.js";
import { validate } from "./push/validate.js";

/** Largest body that is inflated here. */
const MOST_BYTES = 32 * 1024 * 1024;

/** A push outside of a receiver. */
export type ParsedPush = { [T in PushType]: ParsedPushOf<T> }[PushType];

export interface ParsedPushOf<T extends PushType> {
  readonly type: T;
  readonly payload: PushPayloads[T];
  /** The bytes of the JSON text, after content decoding. */
  readonly raw: Buffer;
  /** Whether it lacks what every handler of its type needs: its type cannot be relied on then. */
  readonly quarantined: boolean;
  readonly drift: readonly Drift[];
  /** What it is about. */
  readonly subject: string | undefined;
}

/** Of these, the content encoding matters. */
export type ParsedHeaders = { readonly [name: string]: string | readonly string[] | undefined };

function encodingOf(headers: ParsedHeaders): string | undefined {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === "content-encoding");
  const value = name === undefined ? undefined : headers[name];
  return typeof value === "string" ? value : undefined;
}

function parse(bytes: Uint8Array, headers: ParsedHeaders): { raw: Buffer; payload: object } {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const encoding = encodingOf(headers);
  const raw = isEncoded(encoding) ? inflateBodySync(body, encoding, MOST_BYTES) : body;
  return { raw, payload: parseBody(raw) };
}

/**
 * Parses a push's bytes outside of a receiver, as in a queue's worker: identified and validated, signatures not looked at.
 * @param bytes the body as it came
 * @param headers the request's headers; of these `content-encoding` matters
 * @throws AirudderError `empty_body`, `malformed_json`, `not_an_object`, `too_large`
 * @example
 * const push = parsePush(message.body);
 * if (push.type === "call.completed" && !push.quarantined) save(push.payload.TaskID);
 */
export function parsePush(bytes: Uint8Array, headers: ParsedHeaders = {}): ParsedPush {
  const { raw, payload } = parse(bytes, headers);
  const schema = findSchema(payload);
  const type = schema?.type ?? "unknown";
  return { type, payload, raw, ...validate(schema, payload), subject: findSubject(schema, payload) } as ParsedPush;
}

/** How a body compares with the schema of its type. */
export interface PushMeasure {
  /** `unparsable` for a body that is no JSON object. */
  readonly type: PushType | "unparsable";
  /** Name of the schema that it is measured by, such as `dialer.task.bare`. */
  readonly schema?: string;
  readonly quarantined: boolean;
  readonly drift: readonly Drift[];
  readonly payload?: object;
}

/** What there is to say of a body, whatever it holds. */
export interface PushDescription extends PushMeasure {
  /** Whether a `Sign` was there and right. */
  readonly verified: boolean;
  /** Likely cause, if the push carries a `Sign` that matches none of the keys. */
  readonly signProblem?: string;
  readonly subject?: string;
  readonly task?: string;
  readonly call?: string;
  readonly workflow?: string;
}

interface Measured {
  schema: PushSchema | undefined;
  payload: object;
  measure: PushMeasure;
}

/** `undefined` for a body that is no JSON object. */
function measure(body: Uint8Array, headers: HeaderMap, type: PushType | undefined): Measured | undefined {
  let payload: object;
  try {
    ({ payload } = parse(body, headers));
  } catch (error) {
    if (!(error instanceof AirudderError)) throw error;
    return undefined;
  }
  const schema = findSchema(payload, type);
  return {
    schema,
    payload,
    measure: {
      type: schema?.type ?? type ?? "unknown",
      ...(schema === undefined ? {} : { schema: schema.name }),
      ...validate(schema, payload),
      payload,
    },
  };
}

const UNPARSABLE = { type: "unparsable", quarantined: false, drift: [] } as const;

/**
 * Compares a body with the schema of its type. Never throws. Faster than `describePush`, which also checks the signature and looks ids up.
 * @param options.type the type, when it is known from elsewhere
 */
export function measurePush(body: Uint8Array, headers: HeaderMap = {}, options: { type?: PushType } = {}): PushMeasure {
  return measure(body, headers, options.type)?.measure ?? UNPARSABLE;
}

/**
 * Describes a body for a tool that shows or records pushes. Never throws.
 * @param options.key key or keys of `Sign`; default: the vendor's public key
 * @param options.type the type, when it is known from elsewhere
 */
export function describePush(
  body: Uint8Array,
  headers: HeaderMap = {},
  options: { key?: string | readonly string[]; type?: PushType } = {},
): PushDescription {
  const measured = measure(body, headers, options.type);
  if (measured === undefined) return { ...UNPARSABLE, verified: false };
  const { schema, payload } = measured;
  const subject = findSubject(schema, payload);
  const { task, call, workflow } = findKeys(schema, payload);
  const isChecked = isSigned(schema);
  const verified = isChecked && verifySign(payload, options.key);
  const isWrong = isChecked && !verified && "Sign" in payload;
  return {
    ...measured.measure,
    verified,
    ...(isWrong ? { signProblem: likelyMistake(payload, [options.key ?? DEFAULT_KEY].flat()) } : {}),
    ...(subject === undefined ? {} : { subject }),
    ...(task === undefined ? {} : { task }),
    ...(call === undefined ? {} : { call }),
    ...(workflow === undefined ? {} : { workflow }),
  };
}

function isSigned(schema: PushSchema | undefined): boolean {
  return schema?.sign === "Sign";
}
