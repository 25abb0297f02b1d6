import { usageError } from "../errors.js";

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A span such as `90s`, `10m`, `2h`, `30d`, `1w`, in ms; `undefined` when it is none. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d{1,9})(s|m|h|d|w)$/.exec(text.trim());
  return found === null ? undefined : Number(found[1]) * (UNITS[found[2] as string] as number);
}

/**
 * A moment on a command line: that long ago (`10m`), or a date (`2026-01-31`, `2026-01-31 08:00`, `2026-01-31T08:00Z`). Without a zone it is
 * local time, as `list` shows it; without a time of day it is the day's start. Gives ms since 1970.
 */
export function parseMoment(text: string, option: string, now = Date.now()): number {
  const span = parseDuration(text);
  if (span !== undefined) return now - span;
  const [date, time] = /^(\d{4}-\d\d-\d\d)(?:[T ](\S.*))?$/.exec(text.trim())?.slice(1) ?? [];
  const moment = date === undefined ? Number.NaN : Date.parse(`${date}T${time ?? "00:00"}`);
  if (Number.isNaN(moment)) {
    throw usageError(
      `${option} "${text}" is no time. Give a span back from now (90s, 10m, 2h, 30d) or a date (2026-01-31, 2026-01-31T08:00 in local time, 2026-01-31T08:00Z).`,
    );
  }
  return moment;
}
