import { spawn } from "node:child_process";

/** Runs in a separate process. Its standard input closes when the parent process exits, even by SIGKILL. */
const SCRIPT = `
const pid = Number(process.argv[1]);
process.stdin.on("error", end).on("end", end).resume();
function end() {
  try {
    if (process.platform !== "win32") process.kill(-pid, "SIGKILL");
    else require("node:child_process").spawnSync("taskkill", ["/pid", String(pid), "/t", "/f"], { windowsHide: true });
  } catch {}
  process.exit();
}`;

/**
 * Starts a watchdog. When this process exits, even by SIGKILL, the watchdog kills the process `pid` and every process that it started.
 * @returns a function that stops the watchdog; call it when the process `pid` has exited
 */
export function killWithParent(pid: number): () => void {
  // Flags of this process, such as --inspect, would break the watchdog.
  const env = { ...process.env, NODE_OPTIONS: "" };
  const watchdog = spawn(process.execPath, ["-e", SCRIPT, String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    // An interrupt from the terminal goes to every process of its group. It must not stop the watchdog first.
    detached: true,
    windowsHide: true,
    env,
  });
  // Without a watchdog, the next start kills the orphan.
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  return () => void watchdog.kill("SIGKILL");
}
