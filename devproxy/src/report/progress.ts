import { pushCount, withSeparators } from "./format.js";
import type { Screen } from "./screen.js";

const INTERVAL_MS = 200;

/** A line with the progress of a long command. Printed only to a terminal. */
export class Progress {
  #shownAt = performance.now();
  #isShown = false;

  readonly #out: Screen;
  readonly #total: number | undefined;

  /**
   * @param out usually standard error, so that the output contains only results
   * @param total number of pushes, if it is known
   */
  constructor(out: Screen, total?: number) {
    this.#out = out;
    this.#total = total;
  }

  /** Updates the line, at most five times a second. */
  show(count: number): void {
    if (!this.#out.isTerminal || performance.now() - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = performance.now();
    this.#isShown = true;
    const text = this.#total === undefined ? pushCount(count) : `${withSeparators(count)} of ${pushCount(this.#total)}`;
    this.#out.write(`\r\u001b[2K${text}`);
  }

  /** Removes the line. */
  clear(): void {
    if (this.#isShown) this.#out.write("\r\u001b[2K");
  }
}
