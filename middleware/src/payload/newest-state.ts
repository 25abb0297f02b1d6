import type { PushPayloads } from "../generated/types.js";
import { dialerBody } from "./dialer.js";
import { pushTime } from "./time.js";

/** Payload that reports a state with a `timestamp`. */
export type StatePayload = PushPayloads["dialer.agent" | "dialer.contact" | "chatbot.session.ended"];

/**
 * When the state that a push reports began, according to its `timestamp`; `undefined` if it carries none. The vendor guarantees no order, so
 * an older state may arrive last. Store this time with the state, and update the state only if the time is later.
 * @example await db.query("update calls set state = $1, at = $2 where id = $3 and at < $2", [body.State, stateTime(payload), body.callid]);
 */
export function stateTime(payload: StatePayload): Date | undefined {
  const { pds, body, timestamp } = payload as { pds?: unknown; body?: unknown; timestamp?: unknown };
  const parent: { readonly timestamp?: unknown } | undefined =
    pds === undefined && body === undefined ? { timestamp } : dialerBody(payload as object);
  return pushTime(parent?.timestamp);
}

/**
 * Returns the payload with the newer state, of two payloads of one subject. Compares `timestamp`, not the order of arrival.
 *
 * - If the times are equal, or `known` has no time, returns `arrived`.
 * - If only `known` has a time, returns `known`.
 * @param known the newest payload so far; `undefined` for the first
 * @example latest.set(call, newestState(latest.get(call), payload));
 */
export function newestState<P extends StatePayload>(known: P | undefined, arrived: P): P {
  if (known === undefined) return arrived;
  const knownTime = stateTime(known)?.getTime();
  const arrivedTime = stateTime(arrived)?.getTime();
  return knownTime !== undefined && (arrivedTime === undefined || arrivedTime < knownTime) ? known : arrived;
}
