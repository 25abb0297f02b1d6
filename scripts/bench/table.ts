import type { ServerResult } from "./compare-servers.js";

/** The distribution of a value over all rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A row of the printed table: what was measured, its value, and the goal. */
export interface Row {
  readonly what: string;
  readonly value: Spread;
  readonly unit: string;
  readonly goal?: { readonly min: number } | { readonly max: number };
  readonly note?: string;
}

/** The figures of one server. */
export interface Figures {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMb: number;
}

/** The distribution of a list of values, which must not be empty. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** Ratio of the throughputs, per round. More than 1: `measured` is faster. */
export function speedRatio(measured: ServerResult, baseline: ServerResult): Spread {
  return spread(measured.rounds.map(({ perSecond }, i) => perSecond / (baseline.rounds[i]?.perSecond ?? Number.NaN)));
}

/** Ratio of the CPU times for a request, per round. More than 1: `measured` needs less. */
export function cpuRatio(measured: ServerResult, baseline: ServerResult): Spread {
  return spread(
    measured.rounds.map(
      ({ cpuMicroseconds }, i) => (baseline.rounds[i]?.cpuMicroseconds ?? Number.NaN) / cpuMicroseconds,
    ),
  );
}

/** The figures of a server over all its rounds. */
export function figures({ rounds, residentMb }: ServerResult): Figures {
  const latencies = Float64Array.from(rounds.flatMap((one) => [...one.latencies])).sort();
  return {
    perSecond: Math.round(spread(rounds.map(({ perSecond }) => perSecond)).median),
    cpuMicroseconds: round(spread(rounds.map(({ cpuMicroseconds }) => cpuMicroseconds)).median),
    p50Ms: round(quantile(latencies, 0.5)),
    p99Ms: round(quantile(latencies, 0.99)),
    residentMb: round(residentMb),
  };
}

/** Whether the median meets the goal. `true` for a row without a goal. */
export function isMet({ value, goal }: Row): boolean {
  if (goal === undefined) return true;
  return "min" in goal ? value.median >= goal.min : value.median <= goal.max;
}

export function printFigures(servers: Record<string, Figures>): void {
  const heads = ["", "requests/s", "CPU µs each", "p50 ms", "p99 ms", "resident MB"];
  const rows = Object.entries(servers).map(([name, server]) => {
    const { perSecond, cpuMicroseconds, p50Ms, p99Ms, residentMb } = server;
    return [name, perSecond, cpuMicroseconds, p50Ms, p99Ms, residentMb.toFixed(0)].map(String);
  });
  console.log(`\n${align([heads, ...rows])}`);
}

export function printRows(rows: readonly Row[]): void {
  const heads = ["", "median", "min .. max", "goal", ""];
  const lines = rows.map((row) => {
    const { what, value, unit, goal, note = "" } = row;
    const state = goal === undefined ? "" : isMet(row) ? "met" : "MISSED";
    const limit = goal === undefined ? "" : "min" in goal ? `>= ${goal.min}${unit}` : `<= ${goal.max}${unit}`;
    const [median, min, max] = [value.median, value.min, value.max].map(show);
    return [what, `${median}${unit}`, `${min} .. ${max}`, limit, `${state}${note === "" ? "" : ` ${note}`}`.trim()];
  });
  console.log(`\n${align([heads, ...lines])}`);
}

export function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
    )
    .join("\n");
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
