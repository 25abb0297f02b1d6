import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/**
 * CPU time of a process and its children, including those that have ended. Milliseconds; 0 on systems without `/proc`.
 */
export function cpuOfTree(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return 0;
  const own = statOf(pid);
  if (own === undefined) return 0;
  let ticks = own.ticks + own.endedTicks;
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat?.parent === pid) ticks += stat.ticks;
  }
  return ticks * TICK_MS;
}

function statOf(pid: number): { parent: number; ticks: number; endedTicks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may contain spaces.
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const at = (index: number): number => fields[index] ?? 0;
    return { parent: at(1), ticks: at(11) + at(12), endedTicks: at(13) + at(14) };
  } catch {
    return undefined; // the process has just ended
  }
}
