import { isListening } from "../http/index.js";
import type { DeliveryAttempt } from "./attempt.js";

/** How often the app is looked after, ms. */
export interface HealthCheckIntervals {
  /** While it answers. */
  up: number;
  /** While it does not. */
  down: number;
  /** While it does not, and pushes wait for it. */
  waiting: number;
}

const INTERVALS: HealthCheckIntervals = { up: 15_000, down: 2_000, waiting: 200 };

/** Knows whether the app is up, and says when that changes. */
export class AppHealth {
  #state: "up" | "down" | undefined;
  #timer: NodeJS.Timeout | undefined;
  #urgent = false;
  #closed = false;

  constructor(
    private readonly target: URL,
    private readonly onChange: (state: "up" | "down") => void,
    private readonly intervals: HealthCheckIntervals = INTERVALS,
  ) {}

  get isDown(): boolean {
    return this.#state === "down";
  }

  /** Looks once, then again and again. */
  async start(): Promise<void> {
    this.report(await isListening(this.target));
    this.#plan();
  }

  /** Something else has seen the app, or missed it. */
  report(up: boolean): void {
    const state = up ? "up" : "down";
    if (this.#closed || state === this.#state) return;
    const isFirstLook = this.#state === undefined;
    this.#state = state;
    if (!(isFirstLook && up)) this.onChange(state);
  }

  /**
   * What a try to deliver tells. An app is down when it accepts no connections; one that broke an answer is looked at.
   * Gives whether it is up.
   */
  async update({ response: answer, reached }: DeliveryAttempt): Promise<boolean> {
    const up = answer !== undefined || (reached && (await isListening(this.target)));
    this.report(up);
    return up;
  }

  /** Pushes wait: look more often. */
  set urgent(urgent: boolean) {
    if (urgent === this.#urgent) return;
    this.#urgent = urgent;
    this.#plan();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const { up, down, waiting } = this.intervals;
    const wait = this.#urgent ? waiting : this.isDown ? down : up;
    this.#timer = setTimeout(() => void this.start(), wait);
    this.#timer.unref();
  }
}
