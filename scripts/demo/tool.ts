import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../devproxy/bin/airudder-devproxy.js", import.meta.url));
const exitWithParent = new URL("exit-with-parent.js", import.meta.url).href;

/** After a SIGTERM a child has this long to end by itself. */
const END_MS = 5_000;

const children = new Set<ChildProcess>();

/** Runs the dev proxy's command line as a user does, printing what it prints. */
export function runTool(
  args: readonly string[],
  onLine: (line: string) => void,
): { child: ChildProcess; exit: Promise<number> } {
  const child = spawn(process.execPath, ["--import", exitWithParent, bin, ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Ctrl+C in the terminal is for the demo, which then ends its children.
    detached: process.platform !== "win32",
  });
  children.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
  }
  const exit = new Promise<number>((resolve) => {
    child.once("close", (code) => {
      children.delete(child);
      resolve(code ?? 1);
    });
  });
  return { child, exit };
}

/** Ends what still runs. */
export async function endTools(): Promise<void> {
  await Promise.all(
    [...children].map((child) => {
      const closed = new Promise((resolve) => child.once("close", resolve));
      const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
      child.kill("SIGTERM");
      return closed.then(() => clearTimeout(timer));
    }),
  );
}
