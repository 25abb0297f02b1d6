import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import type { LockOwner } from "./errors.js";

/** Two boots of one machine are further apart than the clock's corrections. */
const SAME_BOOT_MS = 120_000;

/** A process as a lock names it. What the system does not tell is absent: only Linux tells more than the clock. */
export interface Owner extends LockOwner {
  /** When the owner's machine was booted by the clock, ms: after another boot the same pid is another process. */
  booted: number;
  /** The boot of the machine, and the pid namespace: a pid means the same process only where both are the same. */
  boot?: string | undefined;
  space?: string | undefined;
  /** When the process was started, in the kernel's ticks: a pid that was given out again has another. */
  started?: string | undefined;
}

/** This process. */
export function thisOwner(): Owner {
  return {
    pid: process.pid,
    host: hostname(),
    booted: Math.round(Date.now() - uptime() * 1000),
    boot: told(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    space: told(() => readlinkSync("/proc/self/ns/pid")),
    started: startOf(process.pid),
  };
}

/** Whether a process runs, as far as this one can tell: not that of another machine, or in another container. */
export function judge(owner: Owner, mine: Owner = thisOwner()): "running" | "ended" | "unknown" {
  if (owner.boot !== mine.boot || owner.space !== mine.space) return "unknown";
  if (mine.boot !== undefined && mine.space !== undefined)
    return isRunning(owner.pid) && !isReplaced(owner) ? "running" : "ended";
  if (owner.host !== mine.host || owner.pid === mine.pid) return "unknown";
  if (!isRunning(owner.pid)) return "ended";
  return Math.abs(owner.booted - mine.booted) < SAME_BOOT_MS ? "running" : "unknown";
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isReplaced({ pid, started }: Owner): boolean {
  const now = started === undefined ? undefined : startOf(pid);
  return now !== undefined && now !== started;
}

function startOf(pid: number): string | undefined {
  return told(() => {
    // In a container that sees the pids of the host, its own mean nothing there.
    if (readlinkSync("/proc/self") !== String(process.pid)) return undefined;
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  });
}

function told(ask: () => string | undefined): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
