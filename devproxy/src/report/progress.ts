import { pushCount, withSeparators } from "./format.js";
import type { Screen } from "./screen.js";
import { displayWidth, fitWidth } from "./width.js";

const INTERVAL_MS = 200;
const MAX_BAR = 30;
const MIN_BAR = 5;
/** Time after which the rate is shown, ms. It is the average since the start. */
const MIN_RATE_MS = 1_000;

/** A bar with the progress of a long command: count, rate and remaining time. Printed only to a terminal. */
export class Progress {
  readonly #startedAt = performance.now();
  #shownAt = performance.now();
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

  /** Updates the bar, at most five times a second. */
  show(count: number): void {
    if (!this.#out.isTerminal || performance.now() - this.#shownAt < INTERVAL_MS) return;
    this.draw(count);
  }

  /** Draws the bar now. Call it after a line was printed in its place. */
  draw(count: number): void {
    if (!this.#out.isTerminal) return;
    this.#shownAt = performance.now();
    const elapsedMs = performance.now() - this.#startedAt;
    const text = progressText({ count, total: this.#total, elapsedMs, width: this.#out.width ?? 80 });
    this.#out.bar(text);
  }

  /** Removes the bar. */
  clear(): void {
    this.#out.bar();
  }
}

/** The text of a progress bar. It is narrower than the terminal. */
export function progressText({
  count,
  total,
  elapsedMs,
  width,
}: {
  count: number;
  total: number | undefined;
  elapsedMs: number;
  width: number;
}): string {
  const max = width - 1;
  const counts = total === undefined ? pushCount(count) : `${withSeparators(count)} of ${pushCount(total)}`;
  const facts = [counts];
  if (elapsedMs >= MIN_RATE_MS && count > 0) {
    const perSecond = (count * 1_000) / elapsedMs;
    facts.push(`${perSecond < 10 ? perSecond.toFixed(1) : withSeparators(Math.round(perSecond))}/s`);
    if (total !== undefined && count < total) facts.push(`${timeLeft(((total - count) / perSecond) * 1_000)} left`);
  }
  while (facts.length > 1 && displayWidth(facts.join("  ")) > max) facts.pop();
  const text = facts.join("  ");
  const room = Math.min(MAX_BAR, max - displayWidth(text) - "[]  ".length);
  if (total === undefined || room < MIN_BAR) return fitWidth(text, max);
  const filled = Math.min(room, Math.floor((room * count) / Math.max(1, total)));
  return `[${"#".repeat(filled)}${"-".repeat(room - filled)}]  ${text}`;
}

/** A remaining time, such as `8 s`, `3 min` or `2 h`. */
function timeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
