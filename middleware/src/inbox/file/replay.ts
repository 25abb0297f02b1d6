import { AirudderError } from "../../errors.js";
import type { Job } from "../../work/scheduler.js";
import type { Consumed, StoredPush } from "../inbox.js";

/** A replay that waits or is being handled. It is not stored and has only one attempt. */
export class Replay implements Job {
  readonly subject: string | undefined;
  /** Settles when the handlers have finished, or when the replay is cancelled. */
  readonly settled: Promise<Consumed>;
  #isCancelled = false;
  #settle!: { resolve(result: Consumed): void; reject(error: unknown): void };
  #timer: NodeJS.Timeout | undefined;

  /** @param waitMs maximum time until `begin`; then the replay is rejected with `busy`. Milliseconds */
  constructor(
    readonly push: StoredPush,
    waitMs: number,
  ) {
    this.subject = push.subject;
    this.settled = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#timer = setTimeout(() => {
      const message = `The replay waited ${waitMs} ms for earlier pushes and was cancelled. Replay the push later.`;
      this.reject(new AirudderError("busy", message));
    }, waitMs);
  }

  /** Ends the wait and its time limit. Returns `false` if the replay was cancelled: then do not run it. */
  begin(): boolean {
    clearTimeout(this.#timer);
    return !this.#isCancelled;
  }

  resolve(result: Consumed): void {
    clearTimeout(this.#timer);
    this.#settle.resolve(result);
  }

  reject(error: unknown): void {
    clearTimeout(this.#timer);
    this.#isCancelled = true;
    this.#settle.reject(error);
  }
}
