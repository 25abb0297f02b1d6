import type { Score } from "./compare-servers.js";

/** How often one thing fits into another, over all rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A row of design and README: what was measured, the goal, and whether it is met. */
export interface Row {
  readonly what: string;
  readonly value: Spread;
  readonly unit: string;
  readonly goal?: { readonly least: number } | { readonly most: number };
  readonly note?: string;
}

/** A side of a duel in a few figures. */
export interface Figures {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMb: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** Round by round: the throughput of the one over that of the other. */
export function speedRatio(ours: Score, theirs: Score): Spread {
  return spread(ours.turns.map(({ perSecond }, i) => perSecond / (theirs.turns[i]?.perSecond ?? Number.NaN)));
}

/** Round by round: the processor time that the other takes for a request over that of ours. */
export function cpuRatio(ours: Score, theirs: Score): Spread {
  return spread(
    ours.turns.map(({ cpuMicroseconds }, i) => (theirs.turns[i]?.cpuMicroseconds ?? Number.NaN) / cpuMicroseconds),
  );
}

export function figures({ turns, residentMb }: Score): Figures {
  const latencies = Float64Array.from(turns.flatMap((turn) => [...turn.latencies])).sort();
  return {
    perSecond: Math.round(spread(turns.map(({ perSecond }) => perSecond)).median),
    cpuMicroseconds: round(spread(turns.map(({ cpuMicroseconds }) => cpuMicroseconds)).median),
    p50Ms: round(quantile(latencies, 0.5)),
    p99Ms: round(quantile(latencies, 0.99)),
    residentMb: round(residentMb),
  };
}

export function isMet({ value, goal }: Row): boolean {
  if (goal === undefined) return true;
  return "least" in goal ? value.median >= goal.least : value.median <= goal.most;
}

export function printFigures(sides: Record<string, Figures>): void {
  const heads = ["", "requests/s", "CPU µs each", "p50 ms", "p99 ms", "resident MB"];
  const rows = Object.entries(sides).map(([name, side]) => {
    const { perSecond, cpuMicroseconds, p50Ms, p99Ms, residentMb } = side;
    return [name, perSecond, cpuMicroseconds, p50Ms, p99Ms, residentMb.toFixed(0)].map(String);
  });
  console.log(`\n${align([heads, ...rows])}`);
}

export function printRows(rows: readonly Row[]): void {
  const heads = ["", "median", "min .. max", "goal", ""];
  const lines = rows.map((row) => {
    const { what, value, unit, goal, note = "" } = row;
    const verdict = goal === undefined ? "" : isMet(row) ? "met" : "MISSED";
    const wanted = goal === undefined ? "" : "least" in goal ? `>= ${goal.least}${unit}` : `<= ${goal.most}${unit}`;
    const [median, min, max] = [value.median, value.min, value.max].map(show);
    return [what, `${median}${unit}`, `${min} .. ${max}`, wanted, `${verdict}${note === "" ? "" : ` ${note}`}`.trim()];
  });
  console.log(`\n${align([heads, ...lines])}`);
}

function align(rows: readonly (readonly string[])[]): string {
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
