import type { Listener } from "../events.js";
import { applyKeep, type Keep } from "./retention.js";
import type { Store } from "./store.js";

const EVERY_MS = 10 * 60_000;

/** Keeps a journal at its size while it is written: looks when a segment is full, and now and then. */
export class Janitor {
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    private readonly keep: Keep,
    private readonly listener: Listener,
  ) {
    this.#timer = setInterval(() => void this.work(), EVERY_MS);
    this.#timer.unref();
    store.onNewSegment = () => void this.work();
  }

  /** Drops what need not be kept; one look at a time. */
  work(): Promise<void> {
    this.#working ??= this.#drop().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.store.onNewSegment = undefined;
    await this.#working;
  }

  async #drop(): Promise<void> {
    try {
      const count = await applyKeep(this.store, this.keep);
      if (count > 0)
        this.listener({ event: "note", code: "dropped", message: `${count} old pushes were dropped from the journal` });
    } catch (error) {
      const message = `old pushes could not be dropped: ${(error as Error).message}`;
      this.listener({ event: "note", code: "not_dropped", message });
    }
  }
}
