import type { PushPayloads } from "../generated/types.js";
import { findSchema } from "../push/identify.js";

/** Payload of a dialer push, wrapped or bare. */
export type DialerPayload = PushPayloads["dialer.agent" | "dialer.contact" | "dialer.task"];

/** The body of a dialer payload. */
export type DialerBody<P> = P extends { pds: { body: infer B } } ? B : P extends { body: infer B } ? B : never;

/**
 * The body of a dialer push, in either form:
 *
 * - bare: the stand-alone dialer sends `{ type, body }`
 * - wrapped: a workflow sends the same below `pds`
 *
 * If a payload has both bodies, returns that of the form by which the payload was identified.
 *
 * Never throws. Returns `undefined` if the payload has no body, as a quarantined push may.
 * @example receiver.on("dialer.agent", ({ payload }) => dialerBody(payload).State);
 */
export function dialerBody<P extends DialerPayload>(payload: P): DialerBody<P>;
export function dialerBody(payload: object): Record<string, unknown> | undefined;
export function dialerBody(payload: object): unknown {
  if (!isObject(payload)) return undefined;
  const wrapped = isObject(payload.pds) ? objectOf(payload.pds.body) : undefined;
  const bare = objectOf(payload.body);
  return findSchema(payload)?.form === "bare" ? (bare ?? wrapped) : (wrapped ?? bare);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return isObject(value) ? value : undefined;
}
