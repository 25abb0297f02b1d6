import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";

const WINDOWS = process.platform === "win32";

/** A program to start: a command line for the shell, or a program with arguments, without a shell. */
export type Launch = { command: string } | { file: string; args: readonly string[]; env?: Record<string, string> };

/** Starts a tunnel program, on POSIX as the leader of a new process group. */
export function spawnProgram(launch: Launch): ChildProcess {
  const options = { detached: !WINDOWS, windowsHide: true } as const;
  if ("command" in launch) {
    return spawn(launch.command, { ...options, shell: true, stdio: ["ignore", "pipe", "pipe"] });
  }
  const { file, args, env } = launch;
  // The standard input closes when this process exits. Some programs then exit too.
  const spawnOptions = {
    ...options,
    stdio: ["pipe", "pipe", "pipe"] as ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  };
  if (!WINDOWS || !/\.(cmd|bat)$/i.test(file)) return spawn(file, args, spawnOptions);
  // Windows starts a batch file only through its shell. The arguments contain nothing that it would interpret.
  const line = `""${file}" ${args.join(" ")}"`;
  return spawn(process.env.ComSpec ?? "cmd.exe", ["/d", "/s", "/c", line], {
    ...spawnOptions,
    windowsVerbatimArguments: true,
  });
}
