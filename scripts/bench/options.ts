/** What every bench is told. */
export interface BenchOptions {
  /** A few seconds, to see that it runs: its figures say little. */
  readonly short: boolean;
  /** Number of pushes of `commands`. Default: 300,000, with `short` 5,000. */
  readonly pushes?: number | undefined;
}
