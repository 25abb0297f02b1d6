import { usageError } from "../errors.js";
import { parseDuration } from "./values.js";

/** How much of a journal is kept. Whole segments are dropped, so somewhat more stays: a tenth, of an age a day at most. */
export type RetentionRule = { ms: number } | { pushes: number };

/**
 * Reads an amount to keep: `30d` (or `12h`, `4w`) for an age, `50000` for a number of pushes.
 * @throws DevproxyError `usage`
 */
export function parseRetention(text: string): RetentionRule {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return { ms };
  if (/^\d{1,12}$/.test(text) && Number(text) > 0) return { pushes: Number(text) };
  throw usageError(`--keep "${text}" is no amount. Give an age such as 30d, or a number of pushes such as 50000.`);
}
