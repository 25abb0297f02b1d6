import type { CallDetail } from "./detail.js";
import { checkZone, parseTime } from "./time.js";

/** When a call and the tries before it took place. What the payload does not say is `undefined`. */
export interface CallTimes {
  /** When the callee answered; the ringing before it is not counted. */
  readonly start: Date | undefined;
  readonly end: Date | undefined;
  /** When each earlier try of `RedailCall` began, in their order: `undefined` without a `zone`. */
  readonly redials: readonly (Date | undefined)[];
}

/**
 * The times of a call, as dates. `CallStartTime` and `CallEndTime` are in UTC and say so; those in `RedailCall` name no zone and are not in UTC
 * (in the vendor's own example they would lie after the call): they are given only with the zone that you know them to be in.
 *
 * Fields of the vendor's page on call completion: `CallStartTime`, `CallEndTime`, `RedailCall`.
 * @param options.zone zone of the redials: an IANA name such as `Asia/Jakarta`, or an offset such as `+07:00`; default: not known
 * @throws AirudderError `invalid_option` for a zone that does not exist
 * @example const { start, redials } = callTimes(payload.Details[0], { zone: "Asia/Jakarta" });
 */
export function callTimes(detail: CallDetail, options: { zone?: string } = {}): CallTimes {
  if (options.zone !== undefined) checkZone(options.zone);
  const redials = Array.isArray(detail.RedailCall) ? detail.RedailCall : [];
  return {
    start: parseTime(detail.CallStartTime, options.zone),
    end: parseTime(detail.CallEndTime, options.zone),
    redials: redials.map((redial) => parseTime(redial?.CallStartTime, options.zone)),
  };
}

/**
 * How long the two were connected, in seconds; `undefined` where the payload does not give both times, or gives them in the wrong order.
 * @example talkSeconds(payload.Details[0]) // 26
 */
export function talkSeconds(detail: CallDetail): number | undefined {
  const { start, end } = callTimes({ CallStartTime: detail.CallStartTime, CallEndTime: detail.CallEndTime });
  if (start === undefined || end === undefined || end < start) return undefined;
  return (end.getTime() - start.getTime()) / 1000;
}
