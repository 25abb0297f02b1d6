import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../devproxy/bin/airudder-devproxy.js", import.meta.url));

/** Runs the dev proxy's command line as a user does, printing what it prints. */
export function runTool(
  args: readonly string[],
  onLine: (line: string) => void,
): { child: ChildProcess; exit: Promise<number> } {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
  }
  return { child, exit: new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1))) };
}
