import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const WINDOWS = process.platform === "win32";
const QUERY_TIMEOUT_MS = 10_000;

/** Kills a process and every process that it started. It must have been spawned `detached`, except on Windows. Never fails. */
export function killTree(pid: number): void {
  try {
    if (WINDOWS) spawnSync("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore", windowsHide: true });
    else process.kill(-pid, "SIGKILL");
  } catch {
    // It has already exited.
  }
}

/** Whether any process of a tree is alive; on Windows, only the process itself is checked. */
export function isTreeAlive(pid: number): boolean {
  try {
    return process.kill(WINDOWS ? pid : -pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * The start time of a process, as a string that distinguishes it from later processes with the same id. `undefined` if there is no such
 * process, or the system does not report it.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === "linux") return await startTimeOnLinux(pid);
    const { stdout } = WINDOWS
      ? await query("powershell", ["-NoProfile", "-Command", `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`])
      : await query("ps", ["-o", "lstart=", "-p", String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The boot id, and the start time in clock ticks since boot. */
async function startTimeOnLinux(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields[18];
  if (state === "Z" || state === "X" || ticks === undefined) return undefined;
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
  return `${boot.trim()} ${ticks}`;
}

function query(program: string, args: string[]): Promise<{ stdout: string }> {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  return promisify(execFile)(program, args, { env, timeout: QUERY_TIMEOUT_MS, windowsHide: true });
}
