import { ApiFailure } from "./failure.js";

/** How long the id of a replay that was stopped before it began is kept, ms. */
const STOPPED_MS = 60_000;
/** Maximum number of these ids. */
const MAX_STOPPED = 1_000;

/** The replays that run, by UUID. */
export class RunningReplays {
  readonly #running = new Map<string, AbortController>();
  /** When replays were stopped that had not begun: a `DELETE` may arrive before its `POST`. */
  readonly #stopped = new Map<string, number>();

  /**
   * Adds a replay. If it was stopped before it began, `stop` is aborted.
   * @throws ApiFailure `replay_exists`
   */
  add(id: string, stop: AbortController): void {
    if (this.#running.has(id))
      throw new ApiFailure(409, "replay_exists", `The replay ${id} is running. Choose another UUID.`);
    this.#running.set(id, stop);
    const stoppedAt = this.#stopped.get(id);
    this.#stopped.delete(id);
    if (stoppedAt !== undefined && performance.now() - stoppedAt < STOPPED_MS) stop.abort();
  }

  remove(id: string): void {
    this.#running.delete(id);
  }

  /** Stops a replay, also one whose `POST` arrives later. */
  stop(id: string): void {
    const running = this.#running.get(id);
    if (running !== undefined) {
      running.abort();
      return;
    }
    this.#stopped.delete(id); // so that the oldest is first
    this.#stopped.set(id, performance.now());
    if (this.#stopped.size > MAX_STOPPED) this.#stopped.delete(this.#stopped.keys().next().value as string);
  }

  stopAll(): void {
    for (const stop of this.#running.values()) stop.abort();
  }
}
