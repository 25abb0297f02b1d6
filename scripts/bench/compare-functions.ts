/** How one thing compares with another over all rounds: the median, and the middle half of the rounds. */
export interface Ratio {
  median: number;
  low: number;
  high: number;
}

/** What `alternate` measured: per contender the time of each round and the median, in microseconds for one time. */
export interface Measured<Name extends string> {
  rounds: Record<Name, number[]>;
  microseconds: Record<Name, number>;
}

/**
 * Runs the contenders in turns, so that what slows the machine slows them all.
 *
 * @param contenders each does its work as many times as it is told
 * @param options `rounds` (default 31) and `milliseconds` a contender runs in a round (default 20)
 */
export function alternate<Name extends string>(
  contenders: Record<Name, (times: number) => void>,
  { rounds = 31, milliseconds = 20 } = {},
): Measured<Name> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, calibrate(contenders[name], milliseconds)])) as Record<
    Name,
    number
  >;
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured[name].push((timed(contenders[name], times[name]) * 1000) / times[name]);
    }
  }
  const microseconds = Object.fromEntries(names.map((name) => [name, quantile(measured[name], 0.5)])) as Record<
    Name,
    number
  >;
  return { rounds: measured, microseconds };
}

/** How many times `ours` fits into `theirs`, round by round. */
export function ratio(theirs: readonly number[], ours: readonly number[]): Ratio {
  const ratios = theirs.map((time, round) => time / (ours[round] ?? Number.NaN));
  return { median: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

/** Warms up, then finds how many times fill the round. */
function calibrate(work: (times: number) => void, milliseconds: number): number {
  let times = 1000;
  for (let warm = 0; warm < 5; warm++) timed(work, times);
  while (timed(work, times) < milliseconds) times *= 2;
  return times;
}

function timed(work: (times: number) => void, times: number): number {
  const start = performance.now();
  work(times);
  return performance.now() - start;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
