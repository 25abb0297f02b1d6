import { checkZone, fromZone } from "./zone.js";

const TEXT = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/;
const DIGITS = /^\d{9,14}$/;

/** Minimum epoch time in milliseconds (in 1973). A smaller number is in seconds (up to the year 5138). */
const MIN_EPOCH_MS = 1e11;
/** Minimum epoch time in seconds (in 1973). A smaller number is not a time: 0 means "no time", and others may be durations. */
const MIN_EPOCH_SECONDS = 1e8;
/** The end of the year 9999. */
const MAX_EPOCH_MS = 253_402_300_799_999;

/**
 * Reads a time of a push in any of the vendor's encodings:
 *
 * | encoding | example | in |
 * | --- | --- | --- |
 * | ISO 8601 with `Z` or an offset, with `T` or a space | `"2024-03-11T03:20:30Z"` | `call.completed`, `dialer.task`, chatbot |
 * | date and time without a zone | `"2024-03-11 10:19:27"` | `RedailCall[].CallStartTime` |
 * | epoch milliseconds, as digits in a string | `"1736910056123"` | `timestamp` of `dialer.agent` and `dialer.contact` |
 * | epoch seconds, as a number | `1736910069` | `timestamp` of chatbot pushes |
 * | epoch milliseconds, as a number | `1736910056123` | |
 *
 * Returns `undefined` for
 *
 * - a time without a zone, if you pass no `zone`
 * - a time that does not exist: February 30, or a time that is skipped when clocks go forward
 * - "no time": an empty string, 0, `0001-01-01 00:00:00` and anything else before 1970
 * - any other value that is not a time
 *
 * If a time exists twice, because clocks go back, the result is the earlier one.
 * @param options.zone zone of times that have none: an IANA name such as `Asia/Jakarta`, or an offset such as `+07:00`; default: none
 * @throws AirudderError `invalid_option` for a zone that does not exist
 * @example pushTime(dialerBody(payload).timestamp) // 2025-01-15T03:00:56.123Z
 */
export function pushTime(value: unknown, options: { readonly zone?: string } = {}): Date | undefined {
  if (options.zone !== undefined) checkZone(options.zone);
  if (typeof value === "number") return dateOfEpoch(value);
  if (typeof value !== "string") return undefined;
  return DIGITS.test(value) ? dateOfEpoch(Number(value)) : dateOfText(value, options.zone);
}

function dateOfEpoch(epoch: number): Date | undefined {
  if (!Number.isSafeInteger(epoch) || epoch < MIN_EPOCH_SECONDS) return undefined;
  return validDate(epoch < MIN_EPOCH_MS ? epoch * 1000 : epoch);
}

function dateOfText(text: string, zone: string | undefined): Date | undefined {
  const parts = TEXT.exec(text);
  if (parts === null) return undefined;
  const local = localTimeOf(parts);
  const effectiveZone = parts[8] === "Z" ? "+00:00" : (parts[8] ?? zone);
  return local === undefined || effectiveZone === undefined ? undefined : validDate(fromZone(local, effectiveZone));
}

/** Returns a local time in milliseconds, computed as if it were UTC; `undefined` if there is no such day or time of day. */
function localTimeOf(parts: RegExpExecArray): number | undefined {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (year < 1970 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay ? date.getTime() + Math.floor(Number(`0.${parts[7] ?? 0}`) * 1000) : undefined;
}

function validDate(ms: number | undefined): Date | undefined {
  return ms === undefined || ms < 0 || ms > MAX_EPOCH_MS ? undefined : new Date(ms);
}
