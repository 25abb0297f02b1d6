import { AirudderError } from "../errors.js";

const OFFSET = /^([+-])(\d\d):?(\d\d)$/;
const MAX_OFFSET_HOURS = 14;

/** @throws AirudderError `invalid_option` for a zone that does not exist */
export function checkZone(zone: string): void {
  if (fixedOffset(zone) === undefined) formatter(zone);
}

/**
 * Converts a local time of a zone to UTC. Returns `undefined` if the time does not exist, because clocks go forward or the offset is out of
 * range. If the time exists twice, returns the earlier moment.
 * @param local the local time in milliseconds, computed as if it were UTC
 */
export function fromZone(local: number, zone: string): number | undefined {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return local - fixed;
  if (OFFSET.test(zone)) return undefined;
  // A zone changes its offset at most once within a day, so only the offsets of the day before and the day after are possible.
  const candidates = [local - DAY, local + DAY].map((at) => local - offsetAt(zone, at));
  const moments = candidates.filter((moment) => moment + offsetAt(zone, moment) === local);
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

const DAY = 86_400_000;

/** Returns a numeric offset in milliseconds; `undefined` for a name, and for an offset that is out of range. */
function fixedOffset(zone: string): number | undefined {
  const [, sign, hours, minutes] = OFFSET.exec(zone) ?? [];
  if (sign === undefined || Number(hours) > MAX_OFFSET_HOURS || Number(minutes) > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** Returns the offset of a zone from UTC at a moment, in milliseconds. */
function offsetAt(zone: string, at: number): number {
  const shown = formatter(zone).formatToParts(at);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = UNITS.map((unit) =>
    Number(shown.find(({ type }) => type === unit)?.value),
  );
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

const UNITS = ["year", "month", "day", "hour", "minute", "second"] as const;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone) ?? makeFormatter(timeZone);
  formatters.set(timeZone, known);
  return known;
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat {
  const units = Object.fromEntries(UNITS.map((unit) => [unit, "numeric"]));
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...units });
  } catch (cause) {
    throw new AirudderError(
      "invalid_option",
      `The zone "${timeZone}" does not exist. Use a name such as Asia/Jakarta, or an offset such as +07:00.`,
      { cause },
    );
  }
}
