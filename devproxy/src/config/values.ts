import { usageError } from "../errors.js";

// Values that flags, variables and the project's config file share.

/** The app's URL if none is configured. */
export const DEFAULT_TARGET = "http://localhost:3000/webhooks/airudder";

/**
 * Parses the URL of an app.
 * @param name name of the flag or variable, for the error message
 * @throws DevproxyError `usage`
 */
export function parseTarget(text: string, name = "--target"): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    // The query may contain a token.
    const withoutQuery = text.split("?", 1)[0];
    throw usageError(`${name} "${withoutQuery}" is not an http(s) URL. Give the whole URL, such as ${DEFAULT_TARGET}`);
  }
  if (url.username || url.password) throw usageError(`${name} must not contain a user name or password.`);
  return url;
}

export const WHEN_DOWN = ["hold", "ack", "fail"] as const;

/**
 * What `listen` does with a push while the app is down:
 * - `hold` waits some seconds for the app. If it stays down, responds 200 and delivers the push later.
 * - `ack` responds 200 immediately.
 * - `fail` responds 502, so that the sender retries.
 */
export type WhenDown = (typeof WHEN_DOWN)[number];

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A duration such as `90s`, `10m`, `2h`, `30d` or `1w`, in ms; `undefined` if the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d{1,9})(s|m|h|d|w)$/.exec(text.trim());
  return found === null ? undefined : Number(found[1]) * (UNITS[found[2] as string] as number);
}

/**
 * Parses a point in time: a duration before now (`10m`), or a date (`2026-01-31`, `2026-01-31 08:00`, `2026-01-31T08:00Z`).
 * A date without a time zone is in local time, as in `list`. A date without a time of day is the start of the day.
 * @param flag name of the flag, for the error message
 * @returns ms since 1970
 * @throws DevproxyError `usage`
 */
export function parseTimestamp(text: string, flag: string, now = Date.now()): number {
  const duration = parseDuration(text);
  if (duration !== undefined) return now - duration;
  const [date, time] = /^(\d{4}-\d\d-\d\d)(?:[T ](\S.*))?$/.exec(text.trim())?.slice(1) ?? [];
  const moment = date === undefined ? Number.NaN : Date.parse(`${date}T${time ?? "00:00"}`);
  if (Number.isNaN(moment)) {
    throw usageError(
      `${flag} "${text}" is not a time. Give a duration before now (90s, 10m, 2h, 30d) or a date (2026-01-31, 2026-01-31T08:00 in local time, 2026-01-31T08:00Z).`,
    );
  }
  return moment;
}

/**
 * How much of a journal to keep. Only whole segments are dropped, so a journal may exceed the limit: a number of pushes by up to a tenth,
 * an age by up to a tenth or a day, whichever is less.
 */
export type RetentionRule = { ms: number } | { pushes: number };

/**
 * Parses the value of `--keep`: an age such as `30d`, or a number of pushes such as `50000`.
 * @throws DevproxyError `usage`
 */
export function parseRetention(text: string): RetentionRule {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return { ms };
  if (/^\d{1,12}$/.test(text) && Number(text) > 0) return { pushes: Number(text) };
  throw usageError(`--keep "${text}" is not valid. Give an age such as 30d, or a number of pushes such as 50000.`);
}
