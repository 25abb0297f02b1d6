import type { PushPayloads, PushType } from "../generated/types.js";
import { decompressBodySync, isEncoded } from "./decompress.js";
import type { Drift } from "./drift.js";
import { findSchema } from "./identify.js";
import { parseBody } from "./parse.js";
import { findSubject } from "./subject.js";
import { validate } from "./validate.js";

/** Maximum size of a body after decompression. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A push that was parsed outside of a receiver. */
export type ParsedPush = { [T in PushType]: ParsedPushOf<T> }[PushType];

/** A push of one type that was parsed outside of a receiver. */
export interface ParsedPushOf<T extends PushType> {
  readonly type: T;
  readonly payload: PushPayloads[T];
  /** The bytes of the JSON text, after decompression. */
  readonly raw: Buffer;
  /** Whether the payload lacks what every handler of its type needs. If so, do not rely on its TypeScript type. */
  readonly quarantined: boolean;
  /** Where the payload differs from its schema. */
  readonly drift: readonly Drift[];
  /** Identifies what the push is about, such as a call, agent or task. Equal for all pushes about it. `undefined`: no subject. */
  readonly subject: string | undefined;
}

/** The headers of a request. Only `content-encoding` is read. */
export type ParsedHeaders = { readonly [name: string]: string | readonly string[] | undefined };

/**
 * Parses, identifies and validates the body of a push outside of a receiver, for example in a queue's worker. Does not verify signatures.
 * @param bytes the body as received
 * @param headers the headers of the request; only `content-encoding` is read
 * @throws AirudderError `empty_body`, `malformed_json`, `not_an_object`, `too_large`
 * @example
 * const push = parsePush(message.body);
 * if (push.type === "call.completed" && !push.quarantined) save(push.payload.TaskID);
 */
export function parsePush(bytes: Uint8Array, headers: ParsedHeaders = {}): ParsedPush {
  const { raw, payload } = decodeBody(bytes, headers);
  const schema = findSchema(payload);
  const type = schema?.type ?? "unknown";
  return { type, payload, raw, ...validate(schema, payload), subject: findSubject(schema, payload) } as ParsedPush;
}

/**
 * Decompresses and parses a body.
 * @throws AirudderError `empty_body`, `malformed_json`, `not_an_object`, `too_large`
 */
export function decodeBody(bytes: Uint8Array, headers: ParsedHeaders): { raw: Buffer; payload: object } {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const encoding = encodingOf(headers);
  const raw = isEncoded(encoding) ? decompressBodySync(body, encoding, MAX_BYTES) : body;
  return { raw, payload: parseBody(raw) };
}

function encodingOf(headers: ParsedHeaders): string | undefined {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === "content-encoding");
  const value = name === undefined ? undefined : headers[name];
  return typeof value === "string" ? value : undefined;
}
