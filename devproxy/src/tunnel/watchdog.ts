import { spawn } from "node:child_process";

/** Runs in a process of its own: its standard input ends with the process that started it, however that ends. */
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
 * Ends the process `pid` and everything that it started as soon as this process has ended, even by SIGKILL.
 * @returns stops watching; to be called when the process has ended.
 */
export function watchParent(pid: number): () => void {
  // Flags meant for this process, such as --inspect, would break the other one.
  const env = { ...process.env, NODE_OPTIONS: "" };
  const watchdog = spawn(process.execPath, ["-e", SCRIPT, String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    // An interrupt from the terminal goes to every process of its group, and must not end this one first.
    detached: true,
    windowsHide: true,
    env,
  });
  // Without a watchdog, the next start ends the orphan.
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  return () => void watchdog.kill("SIGKILL");
}
