import type { CallDetailLike } from "./call-detail-like.js";
import { pushTime } from "./time.js";
import { checkZone } from "./zone.js";

/** The times of a call and of the earlier dials of its number. A time that the payload lacks is `undefined`. */
export interface CallTimes {
  /** When the callee answered, not when the phone began to ring. */
  readonly start: Date | undefined;
  readonly end: Date | undefined;
  /** When each dial of `RedailCall` began, in the order of the list. Each is `undefined` without a `zone`. */
  readonly redials: readonly (Date | undefined)[];
}

/**
 * The times of a call, as dates.
 *
 * - `CallStartTime` and `CallEndTime` are UTC according to the vendor's docs, so a value without a zone is read as UTC.
 * - Times in `RedailCall` have no zone and are not UTC: in the vendor's own example they would be after the call. Pass their zone.
 *
 * Fields of the vendor's page on call completion: `CallStartTime`, `CallEndTime`, `RedailCall`.
 * @param options.zone zone of the redials: an IANA name such as `Asia/Jakarta`, or an offset such as `+07:00`; default: unknown
 * @throws AirudderError `invalid_option` for a zone that does not exist
 * @example const { start, redials } = callTimes(payload.Details[0], { zone: "Asia/Jakarta" });
 */
export function callTimes(detail: CallDetailLike, options: { readonly zone?: string } = {}): CallTimes {
  if (options.zone !== undefined) checkZone(options.zone);
  const redials = Array.isArray(detail.RedailCall) ? detail.RedailCall : [];
  return {
    start: pushTime(detail.CallStartTime, { zone: "+00:00" }),
    end: pushTime(detail.CallEndTime, { zone: "+00:00" }),
    redials: redials.map((redial) => pushTime(redial?.CallStartTime, options)),
  };
}

/**
 * How long the call was connected, in seconds; `undefined` if the payload lacks one of the times, or has them in the wrong order.
 * @example talkSeconds(payload.Details[0]) // 26
 */
export function talkSeconds(detail: CallDetailLike): number | undefined {
  const { start, end } = callTimes({ CallStartTime: detail.CallStartTime, CallEndTime: detail.CallEndTime });
  if (start === undefined || end === undefined || end < start) return undefined;
  return (end.getTime() - start.getTime()) / 1000;
}
