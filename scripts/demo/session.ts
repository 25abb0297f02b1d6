import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endClis } from "./cli.js";

/** Interval for checking whether the parent process still runs. */
const PARENT_CHECK_MS = 200;
/** Pause for each line of output. */
const LINE_MS = 150;
/** Pause between two steps. */
const STEP_MS = 2_000;

/** Whether a person uses the demo in a terminal. Only then does it pause, and run until Ctrl+C. */
export const isInteractive = process.stdout.isTTY === true && process.stdin.isTTY === true;

/** Folder for all files of the demo. */
export const folder = mkdtempSync(join(tmpdir(), "airudder-demo-"));
let ending: Promise<never> | undefined;

/** Ends the demo: ends its child processes, removes its folder, and exits. */
export function end(code: number): Promise<never> {
  ending ??= endClis().then(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    process.exit(code);
  });
  return ending;
}

/** Ends the demo with exit code 1 and a message, unless the condition holds. */
export async function check(failure: string, holds: boolean): Promise<void> {
  if (ending !== undefined) return ending;
  if (holds) return;
  console.error(`\nThe demo failed: ${failure}.`);
  return end(1);
}

/** Gives a person time to read a number of lines; default: time between two steps. Returns immediately if there is no terminal. */
export async function pause(lines?: number): Promise<void> {
  if (ending !== undefined) return ending;
  if (isInteractive)
    await new Promise((resolve) => setTimeout(resolve, lines === undefined ? STEP_MS : lines * LINE_MS));
}

export function print(text = ""): void {
  if (ending === undefined) console.log(text);
}

/** Text in a colour, if the output is a terminal. */
export function paint(code: number, text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
}

let exitCode = 130;

/** From now on, Ctrl+C ends the demo with exit code 0. */
export function runUntilInterrupted(): void {
  exitCode = 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(exitCode));
// The reader of the output has ended, as in `npm run demo | head`.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => void end(0));
process.on("uncaughtException", (error) => {
  if (ending === undefined) console.error(error);
  void end(1);
});
// npm sends SIGTERM to its shell, which may end without forwarding it.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && void end(exitCode), PARENT_CHECK_MS).unref();
