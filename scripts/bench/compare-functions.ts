/** A ratio over all rounds: the median, the lower and the upper quartile. */
export interface Ratio {
  median: number;
  low: number;
  high: number;
}

/** Times for one call of each function, per round and as the median. Microseconds. */
export interface FunctionTimes<Name extends string> {
  rounds: Record<Name, number[]>;
  microseconds: Record<Name, number>;
}

/**
 * Compares functions. They take turns, so that other work on the machine slows all of them.
 *
 * @param functions each runs its work `count` times
 * @param options.rounds default 31
 * @param options.milliseconds duration of each function in one round; default 20
 */
export function compareFunctions<Name extends string>(
  functions: Record<Name, (count: number) => void>,
  { rounds = 31, milliseconds = 20 } = {},
): FunctionTimes<Name> {
  const names = Object.keys(functions) as Name[];
  const counts = Object.fromEntries(names.map((name) => [name, calibrate(functions[name], milliseconds)])) as Record<
    Name,
    number
  >;
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured[name].push((timed(functions[name], counts[name]) * 1000) / counts[name]);
    }
  }
  const microseconds = Object.fromEntries(names.map((name) => [name, quantile(measured[name], 0.5)])) as Record<
    Name,
    number
  >;
  return { rounds: measured, microseconds };
}

/** Ratio of two times, per round. More than 1: `compared` is faster. */
export function ratio(baseline: readonly number[], compared: readonly number[]): Ratio {
  const ratios = baseline.map((time, round) => time / (compared[round] ?? Number.NaN));
  return { median: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

/** Warms up, then finds how many calls take `milliseconds`. */
function calibrate(work: (count: number) => void, milliseconds: number): number {
  let count = 1000;
  for (let warm = 0; warm < 5; warm++) timed(work, count);
  while (timed(work, count) < milliseconds) count *= 2;
  return count;
}

function timed(work: (count: number) => void, count: number): number {
  const start = performance.now();
  work(count);
  return performance.now() - start;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
