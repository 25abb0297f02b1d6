import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../devproxy/bin/airudder-devproxy.js", import.meta.url));
const exitWithParent = new URL("exit-with-parent.js", import.meta.url).href;

/** Time between SIGTERM and SIGKILL. */
const KILL_AFTER_MS = 5_000;

const children = new Set<ChildProcess>();

/** Runs the dev proxy's command line in a child process. Calls `onLine` for each line of its output. */
export function runCli(
  args: readonly string[],
  onLine: (line: string) => void,
): { child: ChildProcess; exit: Promise<number> } {
  const child = spawn(process.execPath, ["--import", exitWithParent, bin, ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Its own process group, so that Ctrl+C reaches only the demo, which then ends its child processes.
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

/** Ends all child processes that still run. */
export async function endClis(): Promise<void> {
  await Promise.all(
    [...children].map((child) => {
      const closed = new Promise((resolve) => child.once("close", resolve));
      const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
      child.kill("SIGTERM");
      return closed.then(() => clearTimeout(timer));
    }),
  );
}
