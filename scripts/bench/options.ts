/** What every bench is told. */
export interface BenchOptions {
  /** A few seconds, to see that it runs: its figures say little. */
  readonly short: boolean;
}
