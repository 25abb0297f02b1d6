import { AirudderError } from "../errors.js";

const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;
const ZONELESS = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/;
const OFFSET = /^([+-])(\d\d):?(\d\d)$/;

/**
 * A time of a payload. One that names its zone is exact; one that does not is only known with a zone.
 * @param zone an IANA name such as `Asia/Jakarta`, or an offset such as `+07:00`
 * @throws AirudderError `invalid_option` for a zone that does not exist
 */
export function parseTime(text: unknown, zone?: string): Date | undefined {
  if (typeof text !== "string") return undefined;
  if (ZONED.test(text)) return validDate(Date.parse(text));
  const parts = ZONELESS.exec(text);
  if (parts === null || zone === undefined) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  // The offset in force then is that at the moment sought, which is off by the offset itself at first.
  const first = asUtc - offsetMs(zone, asUtc);
  return validDate(asUtc - offsetMs(zone, first));
}

function validDate(ms: number): Date | undefined {
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

function offsetMs(zone: string, at: number): number {
  const fixed = OFFSET.exec(zone);
  if (fixed !== null) return (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  if (Number.isNaN(at)) return 0;
  const parts = Object.fromEntries(
    formatter(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

function formatter(timeZone: string): Intl.DateTimeFormat {
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
