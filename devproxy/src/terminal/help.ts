import type { LineOutput } from "../report/index.js";

const KEYS: readonly (readonly [key: string, text: string])[] = [
  ["h", "print this help"],
  ["up, down", "select a push; Esc ends the selection"],
  ["r", "replay the selected push, or the last one"],
  ["R", "replay the pushes that failed since the start; asks first"],
  ["Esc", "stop a running replay"],
  ["o", "open the selected push, or the last one, in the browser"],
  ["f", "print only failed pushes, or all again"],
  ["c", "copy the public URL"],
  ["q", "quit, like Ctrl+C"],
];

/** The help about the keys. */
export function helpLines(out: Pick<LineOutput, "style">): string[] {
  return KEYS.map(([key, text]) => `  ${out.style("bold", key.padEnd(8))}  ${text}`);
}
