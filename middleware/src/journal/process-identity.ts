import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import type { LockOwner } from "./errors.js";

/** Two boot times that differ by less belong to the same boot. They are computed from the system clock, which may have been corrected. */
const SAME_BOOT_MS = 120_000;

/** Identifies a process in a lock file. The optional fields exist on Linux only. */
export interface ProcessIdentity extends LockOwner {
  /** When its machine was booted, ms since 1970. After another boot, the same pid is another process. */
  booted: number;
  /** Id of the boot. Two pids can be compared only if `boot` and `space` are the same. */
  boot?: string | undefined;
  /** The pid namespace. */
  space?: string | undefined;
  /** When the process was started, in ticks of the kernel. It differs if the pid was reused. */
  started?: string | undefined;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    booted: Math.round(Date.now() - uptime() * 1000),
    boot: orUndefined(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    space: orUndefined(() => readlinkSync("/proc/self/ns/pid")),
    started: startTicksOf(process.pid),
  };
}

/** State of a process. `unknown`: it may be on another machine or in another container. */
export function processState(
  owner: ProcessIdentity,
  mine: ProcessIdentity = thisProcess(),
): "running" | "ended" | "unknown" {
  if (owner.boot !== mine.boot || owner.space !== mine.space) return "unknown";
  if (mine.boot !== undefined && mine.space !== undefined)
    return isRunning(owner.pid) && !isZombie(owner.pid) && !isPidReused(owner) ? "running" : "ended";
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

/** Whether a process was killed, and its parent has not waited for it yet. In a container without an init, it stays so. */
function isZombie(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state === "Z" || state === "X";
}

function isPidReused({ pid, started }: ProcessIdentity): boolean {
  const now = started === undefined ? undefined : startTicksOf(pid);
  return now !== undefined && now !== started;
}

function startTicksOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** The fields of a process in /proc, from its state on. */
function statOf(pid: number): string[] | undefined {
  return orUndefined(() => {
    // In a container that sees the pids of the host, the pids of the container are not valid in /proc.
    if (readlinkSync("/proc/self") !== String(process.pid)) return undefined;
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  });
}

function orUndefined<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
