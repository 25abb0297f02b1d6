import { spawn } from "node:child_process";

/** Maximum time to wait for a program, ms. A program that still runs then counts as successful. */
const MAX_MS = 2_000;

/** A program and its arguments. */
export interface Program {
  command: string;
  args: readonly string[];
}

/**
 * Runs a program without the terminal.
 * @param input written to its standard input
 * @returns whether it was found and did not fail
 */
export function runProgram({ command, args }: Program, input?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: [input === undefined ? "ignore" : "pipe", "ignore", "ignore"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const timer = setTimeout(() => resolve(true), MAX_MS);
    const end = (isSuccess: boolean) => {
      clearTimeout(timer);
      resolve(isSuccess);
    };
    child.on("error", () => end(false));
    child.on("exit", (code) => end(code === 0));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    child.unref();
  });
}
