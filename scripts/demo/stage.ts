import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endTools } from "./tool.js";

const PARENT_MS = 200;

/** Reading time of one line, and of a chapter. */
const LINE_MS = 150;
const CHAPTER_MS = 2_000;

/** Whether a person watches. Only then the demo pauses, and runs until Ctrl+C. */
export const isWatched = process.stdout.isTTY === true && process.stdin.isTTY === true;

/** The folder of everything that the demo writes. */
export const folder = mkdtempSync(join(tmpdir(), "airudder-demo-"));
let ending: Promise<never> | undefined;

/** Ends the demo: first its children, then its folder, then the process. */
export function end(code: number): Promise<never> {
  ending ??= endTools().then(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    process.exit(code);
  });
  return ending;
}

/** Ends the demo with 1 unless everything is right. */
export async function check(what: string, isRight: boolean): Promise<void> {
  if (ending !== undefined) return ending;
  if (isRight) return;
  console.error(`\nThe demo failed: ${what}.`);
  return end(1);
}

/** Waits for the reading time of a number of lines; default: of a chapter. Returns at once if nobody watches. */
export async function pause(lines?: number): Promise<void> {
  if (ending !== undefined) return ending;
  if (isWatched)
    await new Promise((resolve) => setTimeout(resolve, lines === undefined ? CHAPTER_MS : lines * LINE_MS));
}

export function say(text = ""): void {
  if (ending === undefined) console.log(text);
}

/** Text in a colour of the terminal. */
export function paint(code: number, text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
}

let code = 130;

/** From now on, Ctrl+C ends the demo with exit code 0. */
export function endsByHand(): void {
  code = 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(code));
// The reader has gone, as in `npm run demo | head`.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => void end(0));
process.on("uncaughtException", (error) => {
  if (ending === undefined) console.error(error);
  void end(1);
});
// npm passes SIGTERM to its shell, which may end without passing it on.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && void end(code), PARENT_MS).unref();
