import { isListening } from "../http/index.js";
import type { DeliveryAttempt } from "./attempt.js";

/** Intervals between health checks of the app, ms. */
export interface HealthCheckIntervals {
  /** While the app accepts connections. */
  up: number;
  /** While it does not, and no push waits. */
  down: number;
  /** While pushes wait. */
  waiting: number;
}

const DEFAULT_INTERVALS: HealthCheckIntervals = { up: 15_000, down: 2_000, waiting: 200 };

/** Checks regularly whether the app accepts connections, and reports changes. */
export class AppHealth {
  #state: "up" | "down" | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasWaitingPushes = false;
  #closed = false;

  constructor(
    private readonly target: URL,
    private readonly onChange: (state: "up" | "down") => void,
    private readonly intervals: HealthCheckIntervals = DEFAULT_INTERVALS,
  ) {}

  get isDown(): boolean {
    return this.#state === "down";
  }

  /** Resolves after the first check; the others follow in the background. */
  async start(): Promise<void> {
    this.setState(await isListening(this.target));
    this.#scheduleCheck();
  }

  /** Sets the state. Calls `onChange` if the state changed, or if the app is down at the first check. */
  setState(up: boolean): void {
    const state = up ? "up" : "down";
    if (this.#closed || state === this.#state) return;
    const isFirstCheck = this.#state === undefined;
    this.#state = state;
    if (!(isFirstCheck && up)) this.onChange(state);
  }

  /**
   * Updates the state after a delivery attempt. If the app was reached without a complete response, checks whether it still accepts connections.
   * @returns whether it is up
   */
  async update({ response, reached }: DeliveryAttempt): Promise<boolean> {
    const up = response !== undefined || (reached && (await isListening(this.target)));
    this.setState(up);
    return up;
  }

  /** While pushes wait for the app, it is checked more often. */
  set hasWaitingPushes(value: boolean) {
    if (value === this.#hasWaitingPushes) return;
    this.#hasWaitingPushes = value;
    this.#scheduleCheck();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #scheduleCheck(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const { up, down, waiting } = this.intervals;
    const interval = this.#hasWaitingPushes ? waiting : this.isDown ? down : up;
    this.#timer = setTimeout(() => void this.start(), interval);
    this.#timer.unref();
  }
}
