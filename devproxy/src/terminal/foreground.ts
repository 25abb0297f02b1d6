import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Whether the process belongs to the foreground of its terminal. A background process that reads keys is stopped by the system: `listen &`
 * must work without keys.
 */
export function isForeground(): boolean {
  if (process.platform === "win32") return true;
  try {
    // pid (name) state ppid pgrp session tty_nr tpgid ...; the name may contain spaces and brackets.
    const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\)/s, "").trim().split(" ");
    return fields[2] === fields[5];
  } catch {
    // No /proc: macOS and others.
  }
  try {
    const state = execFileSync("ps", ["-o", "stat=", "-p", String(process.pid)], { encoding: "utf8", timeout: 1_000 });
    return state.includes("+");
  } catch {
    return true;
  }
}
