import { AirudderError } from "../../errors.js";
import type { Job } from "../../work/worker.js";
import type { Consumed, StoredPush } from "../inbox.js";

/** A replayed push that waits for its turn or is being handled. It is stored nowhere and has one attempt. */
export class Replay implements Job {
  readonly subject: string | undefined;
  failures = 0;
  /** Settles when the handlers are done, or when the replay is given up. */
  readonly settled: Promise<Consumed>;
  #isCancelled = false;
  #settle!: { resolve(result: Consumed): void; reject(error: unknown): void };
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly push: StoredPush,
    waitMs: number,
  ) {
    this.subject = push.subject;
    this.settled = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#timer = setTimeout(() => {
      const message = `The replay waited ${waitMs} ms behind earlier pushes of its subject; replay it later.`;
      this.reject(new AirudderError("busy", message));
    }, waitMs);
  }

  /** Its turn has come. Returns `false` when nobody waits for it any more: then it must not run. */
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
