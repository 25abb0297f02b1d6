import { type LineOutput, wrapWords } from "../report/index.js";

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

const INDENT = 12;

/** The help about the keys. Lines are narrower than the terminal. */
export function helpLines(out: Pick<LineOutput, "style" | "width">): string[] {
  const room = Math.max(20, (out.width ?? 80) - 1 - INDENT);
  return KEYS.flatMap(([key, text]) =>
    wrapWords(text, room).map((line, i) =>
      i === 0 ? `  ${out.style("bold", key.padEnd(INDENT - 4))}  ${line}` : " ".repeat(INDENT) + line,
    ),
  );
}
