import { setTimeout as sleep } from "node:timers/promises";
import {
  covers,
  describePaths,
  type Effect,
  effectBetween,
  type IdNames,
  isEmpty,
  isEqual,
  type Redact,
} from "./effects.js";
import { snapshot } from "./snapshot.js";

const FIRST_INTERVAL_MS = 10;
const MAX_INTERVAL_MS = 250;
/** Interval at which a quiet time is observed, ms. */
const QUIET_INTERVAL_MS = 250;
/** The quiet time, relative to the longest latency of an effect so far. */
const LATENCY_FACTOR = 1.5;
/** The quiet time of the first measurement, ms: an effect may have several steps, and the latency of the last one is not known yet. */
const FIRST_QUIET_MS = 3_000;
const MIN_OPTIONAL_WAIT_MS = 2_000;
const OPTIONAL_LATENCY_FACTOR = 5;
/** Time that the output must stay unchanged before anything is sent, ms. More than a second: many timestamps are in whole seconds. */
const BASELINE_MS = 1_100;
/** How often the output may change before anything is sent, because the app still works on something. */
const MAX_BASELINE_CHANGES = 3;

/** `verify` failed. */
export class VerifyError extends Error {
  override readonly name = "VerifyError";
}

/** What the measurements of several drills have in common. */
export interface Learned {
  /** The longest time from a request to the last step of its effect so far, ms; absent if there was no effect yet. */
  latencyMs?: number;
  /** Whether the output is known to stay the same while nothing is sent. */
  isStable?: boolean;
}

/** Measures side effects with `verify`. */
export class EffectMeter {
  #lastSentAt = 0;
  /** The output at the end of the last measurement; absent if something was sent since. */
  #settled: { output: unknown } | undefined;

  constructor(
    private readonly verify: () => unknown,
    readonly settleMs: number,
    private readonly minQuietMs: number,
    private readonly learned: Learned = {},
  ) {}

  /** A copy of the output. @throws VerifyError */
  async read(): Promise<unknown> {
    try {
      return snapshot(await this.verify());
    } catch (error) {
      throw new VerifyError((error as Error)?.message ?? String(error), { cause: error });
    }
  }

  /** Checks that the output stays the same while nothing is sent. @throws VerifyError */
  async requireStable(redact: Redact): Promise<void> {
    let output = await this.read();
    if (this.learned.isStable) return;
    for (let changes = 0; ; ) {
      await sleep(Math.min(BASELINE_MS, this.settleMs));
      const next = await this.read();
      const change = effectBetween(output, next, new Map());
      const back = effectBetween(next, output, new Map());
      if (isEmpty(change) && isEmpty(back)) break;
      if (++changes === MAX_BASELINE_CHANGES)
        throw new VerifyError(
          `the output of verify changes while nothing is sent (${describePaths(isEmpty(change) ? back : change, redact)}). Print only what pushes change: no times, and nothing that other work changes.`,
        );
      output = next;
    }
    this.learned.isStable = true;
  }

  /** Waits until the output of `verify` stops changing, then starts a measurement. @param names the ids of the pushes that follow */
  async start(names: IdNames): Promise<Measurement> {
    const end = performance.now() + this.settleMs;
    let output = await this.read();
    const settled = this.#settled;
    let isQuiet = settled !== undefined && isEmpty(effectBetween(settled.output, output, new Map()));
    while (!isQuiet && performance.now() < end) {
      // A change after the last measurement: an effect took longer than was known.
      if (settled !== undefined) this.observeLatency(performance.now());
      await sleep(this.quietMs);
      const next = await this.read();
      isQuiet = isEmpty(effectBetween(output, next, new Map()));
      output = next;
    }
    return new Measurement(this, output, names);
  }

  /** Time without a change after which no further effect is expected, ms. */
  get quietMs(): number {
    const expectedMs = LATENCY_FACTOR * (this.learned.latencyMs ?? 0);
    return Math.max(this.minQuietMs, Math.min(expectedMs, this.settleMs));
  }

  /** The quiet time after an effect that is not known in advance, ms. */
  get firstQuietMs(): number {
    if (this.learned.latencyMs !== undefined) return this.quietMs;
    return Math.max(this.minQuietMs, Math.min(FIRST_QUIET_MS, this.settleMs));
  }

  /** Call it before each request. */
  onSend(): void {
    this.#lastSentAt = performance.now();
    this.#settled = undefined;
  }

  /** Call it at the end of a measurement. */
  onSettled(output: unknown): void {
    this.#settled = { output };
  }

  /** @param at when the last change was observed */
  observeLatency(at: number): void {
    this.learned.latencyMs = Math.max(this.learned.latencyMs ?? 0, at - this.#lastSentAt);
  }

  /** How long to wait for an effect, ms. @param isOptional whether there may be none: the time then depends on earlier effects */
  maxWaitMs(isOptional: boolean): number {
    const { latencyMs } = this.learned;
    if (!isOptional || latencyMs === undefined) return this.settleMs;
    return Math.min(this.settleMs, Math.max(MIN_OPTIONAL_WAIT_MS, OPTIONAL_LATENCY_FACTOR * latencyMs));
  }
}

/** The effect of the pushes that are sent after its start. */
class Measurement {
  constructor(
    private readonly meter: EffectMeter,
    private readonly before: unknown,
    private readonly names: IdNames,
  ) {}

  /**
   * The effect of pushes whose effect is not known in advance: waits until there is one, then until it no longer changes. The time of the
   * last change determines later quiet times.
   * @param isOptional whether the app may ignore the pushes
   */
  async any(isOptional = false): Promise<Effect> {
    const { meter } = this;
    const { effect, changedAt } = await this.#settle(
      (found) => !isEmpty(found),
      meter.maxWaitMs(isOptional),
      meter.firstQuietMs,
    );
    if (!isEmpty(effect)) meter.observeLatency(changedAt);
    return effect;
  }

  /** The effect of pushes that should have this effect: waits until it is reached, then until it no longer changes. */
  async reaching(expected: Effect): Promise<Effect> {
    return (await this.#settle((effect) => covers(effect, expected))).effect;
  }

  /** The effect after a quiet time, of requests that should have none. */
  async afterQuiet(): Promise<Effect> {
    return (await this.#settle(() => true)).effect;
  }

  async #settle(
    isReached: (effect: Effect) => boolean,
    maxWaitMs = this.meter.settleMs,
    quietMs = this.meter.quietMs,
  ): Promise<{ effect: Effect; changedAt: number }> {
    let output = await this.meter.read();
    const effectOf = () => effectBetween(this.before, output, this.names);
    let effect = effectOf();
    const end = performance.now() + maxWaitMs;
    let interval = FIRST_INTERVAL_MS;
    while (!isReached(effect) && performance.now() < end) {
      await sleep(interval);
      interval = Math.min(2 * interval, MAX_INTERVAL_MS);
      output = await this.meter.read();
      effect = effectOf();
    }
    let changedAt = performance.now();
    // No effect was observed, so there is no end of it to wait for.
    const isMissing = isEmpty(effect) && !isReached(effect);
    const latest = changedAt + this.meter.settleMs + quietMs;
    for (let isQuiet = isMissing; !isQuiet; ) {
      await sleep(Math.min(quietMs, QUIET_INTERVAL_MS));
      output = await this.meter.read();
      const next = effectOf();
      const now = performance.now();
      if (!isEqual(effect, next)) changedAt = now;
      effect = next;
      isQuiet = now - changedAt >= quietMs || now > latest;
    }
    this.meter.onSettled(output);
    return { effect, changedAt };
  }
}
