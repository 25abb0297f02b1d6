import { AirudderError } from "../errors.js";

const ZONED = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|([+-])(\d\d):?(\d\d))$/;
const ZONELESS = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/;
const OFFSET = /^([+-])(\d\d):?(\d\d)$/;

/**
 * A time of a payload. One that names its zone is exact; one that does not is only known with a zone. `undefined` for a time that no
 * calendar or clock has, such as February 30.
 * @param zone an IANA name such as `Asia/Jakarta`, or an offset such as `+07:00`
 * @throws AirudderError `invalid_option` for a zone that does not exist
 */
export function parseTime(text: unknown, zone?: string): Date | undefined {
  if (typeof text !== "string") return undefined;
  const zoned = ZONED.exec(text);
  if (zoned !== null) return utcOf(zoned) === undefined ? undefined : validDate(Date.parse(text));
  const parts = ZONELESS.exec(text);
  if (parts === null || zone === undefined) return undefined;
  const asUtc = utcOf(parts);
  if (asUtc === undefined) return undefined;
  // The offset in force then is that at the moment sought, which is off by the offset itself at first.
  const first = asUtc - offsetMs(zone, asUtc);
  return validDate(asUtc - offsetMs(zone, first));
}

/** @throws AirudderError `invalid_option` for a zone that does not exist */
export function checkZone(zone: string): void {
  offsetMs(zone, 0);
}

/** The six parts of a time as if they were in UTC; nothing when there is no such day or time of day. */
function utcOf(parts: RegExpExecArray): number | undefined {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(asUtc);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay && hour < 24 && minute < 60 && second < 60 ? asUtc : undefined;
}

function validDate(ms: number): Date | undefined {
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

function offsetMs(zone: string, at: number): number {
  const fixed = OFFSET.exec(zone);
  if (fixed !== null && Number(fixed[2]) < 15 && Number(fixed[3]) < 60) {
    return (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  }
  const parts = Object.fromEntries(
    formatter(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone) ?? makeFormatter(timeZone);
  formatters.set(timeZone, known);
  return known;
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat {
  const [year, month, day, hour, minute, second] = Array<"numeric">(6).fill("numeric");
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year,
      month,
      day,
      hour,
      minute,
      second,
    } as Intl.DateTimeFormatOptions);
  } catch (cause) {
    throw new AirudderError(
      "invalid_option",
      `The zone "${timeZone}" does not exist. Give a name such as Asia/Jakarta, or an offset such as +07:00.`,
      { cause },
    );
  }
}
