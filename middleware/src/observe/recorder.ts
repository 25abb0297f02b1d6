import { channel } from "node:diagnostics_channel";
import type { AirudderErrorCode } from "../errors.js";
import type { InboxState } from "../inbox/inbox.js";
import type { AirudderEvent, Observer } from "./events.js";
import { Durations, type Stats } from "./stats.js";

/** Name of the diagnostics channel on which every {@link AirudderEvent} is published. */
export const CHANNEL = "airudder-webhooks";

const events = channel(CHANNEL);
const MOST_DRIFTS = 1000;

/** Counts what happens and tells it on. Telling must not disturb the work: what an observer throws is dropped. */
export class Recorder {
  inFlight = 0;
  #accepted = 0;
  #duplicates = 0;
  #drifted = 0;
  #quarantined = 0;
  #handled = 0;
  #retried = 0;
  #dead = 0;
  readonly #rejected: Partial<Record<AirudderErrorCode, number>> = {};
  readonly #drift = new Map<string, number>();
  readonly #answers = new Durations();
  readonly #handlers = new Durations();

  constructor(private readonly observer: Observer | undefined) {}

  tell(event: AirudderEvent): void {
    this.#count(event);
    if (events.hasSubscribers) events.publish(event);
    if (this.observer === undefined) return;
    try {
      const told: unknown = this.observer(event);
      if (told instanceof Promise) told.catch(() => undefined);
    } catch {
      // An observer's mistake is no reason to refuse a push.
    }
  }

  #count(event: AirudderEvent): void {
    switch (event.event) {
      case "accepted":
        this.#accepted++;
        this.#answers.add(event.ms);
        break;
      case "duplicate":
        this.#duplicates++;
        this.#answers.add(event.ms);
        break;
      case "drift":
        this.#drifted++;
        for (const { path, kind } of event.drift)
          this.#countDrift(`${event.type} ${path.replace(/\/\d+(?=\/|$)/g, "/*")} ${kind}`);
        break;
      case "quarantined":
        this.#quarantined++;
        break;
      case "rejected":
        this.#rejected[event.code] = (this.#rejected[event.code] ?? 0) + 1;
        break;
      case "handled":
        this.#handled++;
        this.#handlers.add(event.ms);
        break;
      case "retrying":
        this.#retried++;
        break;
      case "dead":
        this.#dead++;
        break;
    }
  }

  #countDrift(key: string): void {
    const count = this.#drift.get(key);
    if (count !== undefined || this.#drift.size < MOST_DRIFTS) this.#drift.set(key, (count ?? 0) + 1);
  }

  stats(inbox: InboxState | undefined): Stats {
    return {
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      drifted: this.#drifted,
      drift: Object.fromEntries(this.#drift),
      quarantined: this.#quarantined,
      rejected: { ...this.#rejected },
      handled: this.#handled,
      retried: this.#retried,
      dead: this.#dead,
      inFlight: this.inFlight,
      ...(inbox === undefined ? {} : { inbox }),
      answerMs: this.#answers.quantiles(),
      handlerMs: this.#handlers.quantiles(),
    };
  }
}
