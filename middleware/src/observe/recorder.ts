import { channel } from "node:diagnostics_channel";
import type { AirudderErrorCode } from "../errors.js";
import type { AirudderEvent, Observer } from "./events.js";
import { type Counts, Durations } from "./stats.js";

/** Name of the diagnostics channel on which every {@link AirudderEvent} is published. */
export const CHANNEL = "airudder-webhooks";

const events = channel(CHANNEL);
const MAX_DRIFT_KEYS = 1000;

/** Counts events, and passes them to the diagnostics channel and the observer. Errors of the observer are ignored. */
export class Recorder {
  /** Number of requests that are still without a response. */
  inFlight = 0;
  readonly #counts = {
    accepted: 0,
    duplicate: 0,
    drift: 0,
    rejected: 0,
    handled: 0,
    ignored: 0,
    failed: 0,
    dead: 0,
    quarantined: 0,
  } satisfies Record<AirudderEvent["event"], number>;
  readonly #rejected: Partial<Record<AirudderErrorCode, number>> = {};
  readonly #drift = new Map<string, number>();
  readonly #responses = new Durations();
  readonly #handlers = new Durations();

  constructor(private readonly observer: Observer | undefined) {}

  /** Counts and publishes an event. Never throws. */
  emit(event: AirudderEvent): void {
    this.#count(event);
    if (events.hasSubscribers) events.publish(event);
    if (this.observer === undefined) return;
    try {
      const result: unknown = this.observer(event);
      if (typeof result === "object" && result !== null && "then" in result)
        Promise.resolve(result).catch(() => undefined);
    } catch {
      // An error of the observer must not change the response.
    }
  }

  #count(event: AirudderEvent): void {
    this.#counts[event.event]++;
    switch (event.event) {
      case "accepted":
      case "duplicate":
        this.#responses.add(event.ms);
        break;
      case "drift":
        for (const { path, kind } of event.drift)
          this.#countDrift(`${event.type} ${path.replace(/\/\d+(?=\/|$)/g, "/*")} ${kind}`);
        break;
      case "rejected":
        this.#rejected[event.code] = (this.#rejected[event.code] ?? 0) + 1;
        break;
      case "handled":
        this.#handlers.add(event.ms);
        break;
    }
  }

  #countDrift(key: string): void {
    const count = this.#drift.get(key);
    if (count !== undefined || this.#drift.size < MAX_DRIFT_KEYS) this.#drift.set(key, (count ?? 0) + 1);
  }

  counts(): Counts {
    const { accepted, duplicate, drift, handled, ignored, failed, dead, quarantined } = this.#counts;
    return {
      accepted,
      duplicates: duplicate,
      drifted: drift,
      drift: Object.fromEntries(this.#drift),
      rejected: { ...this.#rejected },
      handled,
      ignored,
      failed,
      dead,
      quarantined,
      inFlight: this.inFlight,
      responseMs: this.#responses.quantiles(),
      handlerMs: this.#handlers.quantiles(),
    };
  }
}
