/** Options of every benchmark. */
export interface BenchOptions {
  /** Runs only a few seconds, to check that the benchmark works. The figures are not reliable. */
  readonly short: boolean;
  /** Number of pushes of `commands`. Default: 300,000, with `short` 5,000. */
  readonly pushes?: number | undefined;
}
