import { pushCount, thousands } from "./format.js";
import type { Screen } from "./screen.js";

const EVERY_MS = 200;

/** A line with the progress of a long command. Only in a terminal. */
export class Progress {
  #shownAt = performance.now();
  #isShown = false;

  /** @param out usually standard error, so that the output stays clean */
  constructor(
    private readonly out: Screen,
    private readonly total: number,
  ) {}

  show(count: number): void {
    if (!this.out.isTerminal || performance.now() - this.#shownAt < EVERY_MS) return;
    this.#shownAt = performance.now();
    this.#isShown = true;
    this.out.write(`\r\u001b[2K${thousands(count)} of ${pushCount(this.total)}`);
  }

  clear(): void {
    if (this.#isShown) this.out.write("\r\u001b[2K");
  }
}
