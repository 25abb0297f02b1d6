import { setTimeout as sleep } from "node:timers/promises";
import { covers, type Effect, effectBetween, type IdNames, isEmpty, isEqual } from "./effects.js";

const FIRST_INTERVAL_MS = 10;
const MAX_INTERVAL_MS = 250;
/** The quiet time, relative to the longest latency of an effect so far. */
const LATENCY_FACTOR = 1.5;
const MIN_OPTIONAL_WAIT_MS = 2_000;
const OPTIONAL_LATENCY_FACTOR = 5;

/** `verify` failed. */
export class VerifyError extends Error {
  override readonly name = "VerifyError";
}

/** Measures side effects with `verify`. */
export class EffectMeter {
  /** The longest time from a response to its effect so far, ms; `undefined` if there was no effect yet. */
  #latencyMs: number | undefined;
  /** Whether nothing was sent since the last measurement ended. */
  #isQuiet = false;

  constructor(
    private readonly verify: () => unknown,
    private readonly settleMs: number,
    private readonly minQuietMs: number,
  ) {}

  /** @throws VerifyError */
  async read(): Promise<unknown> {
    try {
      return await this.verify();
    } catch (error) {
      throw new VerifyError((error as Error)?.message ?? String(error), { cause: error });
    }
  }

  /** Waits until `verify` shows no more changes, and starts a measurement there. @param names the ids of the pushes that follow */
  async start(names: IdNames): Promise<Measurement> {
    const end = performance.now() + this.settleMs;
    let output = await this.read();
    if (this.#isQuiet) return new Measurement(this, output, names, this.settleMs);
    for (;;) {
      await sleep(this.quietMs);
      const next = await this.read();
      if (isEmpty(effectBetween(output, next, new Map())) || performance.now() > end) {
        return new Measurement(this, next, names, this.settleMs);
      }
      output = next;
    }
  }

  /** Time without a change after which no further effect is expected, ms. */
  get quietMs(): number {
    return Math.max(this.minQuietMs, LATENCY_FACTOR * (this.#latencyMs ?? 0));
  }

  /** Call it before each request. */
  onSend(): void {
    this.#isQuiet = false;
  }

  /** Call it at the end of a measurement. */
  onSettled(): void {
    this.#isQuiet = true;
  }

  observeLatency(ms: number): void {
    this.#latencyMs = Math.max(this.#latencyMs ?? 0, ms);
  }

  /** How long to wait for an effect, ms. @param isOptional whether there may be none: the time then depends on earlier effects */
  maxWaitMs(isOptional: boolean): number {
    if (!isOptional || this.#latencyMs === undefined) return this.settleMs;
    return Math.min(this.settleMs, Math.max(MIN_OPTIONAL_WAIT_MS, OPTIONAL_LATENCY_FACTOR * this.#latencyMs));
  }
}

/** The effect of the pushes that are sent after its start. */
export class Measurement {
  constructor(
    private readonly meter: EffectMeter,
    private readonly before: unknown,
    private readonly names: IdNames,
    private readonly settleMs: number,
  ) {}

  /**
   * The effect of pushes whose effect is not known in advance: waits until there is one, then until it no longer changes.
   * @param isOptional whether the app may ignore the pushes
   */
  async any(isOptional = false): Promise<Effect> {
    const start = performance.now();
    return this.#settle((effect) => {
      if (isEmpty(effect)) return false;
      this.meter.observeLatency(performance.now() - start);
      return true;
    }, this.meter.maxWaitMs(isOptional));
  }

  /** The effect of pushes that should have this effect: waits until it is reached, then until it no longer changes. */
  async reaching(expected: Effect): Promise<Effect> {
    return this.#settle((effect) => covers(effect, expected));
  }

  /** The effect after a quiet time, of requests that should have none. */
  async afterQuiet(): Promise<Effect> {
    return this.#settle(() => true);
  }

  async #effect(): Promise<Effect> {
    return effectBetween(this.before, await this.meter.read(), this.names);
  }

  async #settle(isReached: (effect: Effect) => boolean, maxWaitMs = this.settleMs): Promise<Effect> {
    const end = performance.now() + maxWaitMs;
    let interval = FIRST_INTERVAL_MS;
    let effect = await this.#effect();
    while (!isReached(effect) && performance.now() < end) {
      await sleep(interval);
      interval = Math.min(2 * interval, MAX_INTERVAL_MS);
      effect = await this.#effect();
    }
    const latest = performance.now() + this.settleMs;
    for (;;) {
      await sleep(this.meter.quietMs);
      const next = await this.#effect();
      if (isEqual(effect, next) || performance.now() > latest) {
        this.meter.onSettled();
        return next;
      }
      effect = next;
    }
  }
}
