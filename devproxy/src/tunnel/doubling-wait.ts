import { Pause } from "./pause.js";

/** Waits whose duration doubles up to a maximum. They can start over. */
export class DoublingWait {
  readonly #firstMs: number;
  readonly #capMs: number;
  readonly #pause = new Pause();
  #nextMs: number;

  constructor(firstMs: number, capMs: number) {
    this.#firstMs = firstMs;
    this.#capMs = capMs;
    this.#nextMs = firstMs;
  }

  /** Resolves after the next wait, or as soon as `signal` is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(this.#capMs, ms * 2);
    const wake = () => this.#pause.wake();
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    await this.#pause.wait(ms);
    signal.removeEventListener("abort", wake);
  }

  /** Ends the current wait, or skips the next one; the one after it is the first again. */
  restart(): void {
    this.#nextMs = this.#firstMs;
    this.#pause.wake();
  }
}
