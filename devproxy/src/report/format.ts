import type { Outcome } from "../http/index.js";

/** Characters that control a terminal or the direction of text, or are invisible: C0, C1, bidi marks, overrides and isolates. */
const CONTROLS =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb";
const CONTROL = new RegExp(`[${CONTROLS}]`, "g");
const HAS_CONTROL = new RegExp(`[${CONTROLS}]`);

/** Whether a text contains characters that a terminal must not receive. */
export function hasControls(text: string): boolean {
  return HAS_CONTROL.test(text);
}

/** An untrusted text as one line that cannot control a terminal: white space becomes a space, other control characters `\uXXXX`. */
export function safeLine(text: string): string {
  return escapeControls(text.replace(/[\t\n\v\f\r ]+/g, " ")).trim();
}

/** Text with `\uXXXX` instead of control characters. JSON text stays equivalent. */
export function escapeControls(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A text shortened to a maximum length, with an ellipsis. */
export function truncate(text: string, max = 64): string {
  return text.length <= max ? text : `${text.slice(0, max - 3)}...`;
}

/** A size in bytes with its unit, such as `1.9 KB`. */
export function byteSize(count: number): string {
  if (count < 1_000) return `${count} B`;
  const [value, unit] = count < 1_000_000 ? [count / 1_000, "KB"] : [count / 1_000_000, "MB"];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/** A duration with its unit, such as `4.1 ms` or `2.3 s`. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${ms < 100 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Local time of day, `08:01:59`. */
export function timeOfDay(at: Date | string = new Date()): string {
  return localTime(at).slice(11);
}

/** Local date and time, `2026-01-31 08:01:59`. */
export function localTime(at: Date | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return safeLine(String(at)).padEnd(19);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ");
}

/** A number with separators, such as `12,345`. Not `toLocaleString`, which takes 20 ms to load the locale. */
export function withSeparators(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A number of pushes, such as `1 push` or `3 pushes`. */
export function pushCount(count: number): string {
  return `${withSeparators(count)} ${count === 1 ? "push" : "pushes"}`;
}

/** What the app's receiver reported about a push, without the error: `app: handled, call.completed, verified`. */
export function outcomeText({ result, type, verified, duplicate, drift, reserialised }: Outcome): string {
  const words = [
    result ?? "handling unknown: upgrade airudder-webhooks",
    type,
    verified ? "verified" : undefined,
    duplicate && result !== "duplicate" ? "duplicate" : undefined,
    drift ? `drift ${drift}` : undefined,
    reserialised ? "reserialised" : undefined,
  ];
  return `app: ${words.filter((word) => word !== undefined).join(", ")}`;
}
