import type { PushPayloads } from "../generated/types.js";
import { dialerBody } from "./dialer.js";
import { pushTime } from "./time.js";

/** Payloads that carry a `timestamp` of the state that they report. */
export type StatePayload = PushPayloads["dialer.agent" | "dialer.contact" | "chatbot.session.ended"];

/**
 * When the state that a push reports began, by the push's own `timestamp`; `undefined` if it carries none. Store it with the state, and
 * update only if it is later: the vendor does not guarantee any order, so an older state may arrive last.
 * @example await db.query("update calls set state = $1, at = $2 where id = $3 and at < $2", [body.State, stateTime(payload), body.callid]);
 */
export function stateTime(payload: StatePayload): Date | undefined {
  const { pds, body, timestamp } = payload as { pds?: unknown; body?: unknown; timestamp?: unknown };
  const holder: { readonly timestamp?: unknown } | undefined =
    pds === undefined && body === undefined ? { timestamp } : dialerBody(payload as object);
  return pushTime(holder?.timestamp);
}

/**
 * The payload with the newer state, of two payloads of one subject. Compares `timestamp`, not the order of arrival. Returns `arrived` if the
 * times are equal or if `known` has no time, and `known` if only `known` has a time.
 * @param known the newest so far; `undefined` at first
 * @example latest.set(call, newestState(latest.get(call), payload));
 */
export function newestState<P extends StatePayload>(known: P | undefined, arrived: P): P {
  if (known === undefined) return arrived;
  const before = stateTime(known)?.getTime();
  const after = stateTime(arrived)?.getTime();
  return before !== undefined && (after === undefined || after < before) ? known : arrived;
}
