/** A wait that can be cut short. Its timers do not hold the process. */
export class Pause {
  #wake: (() => void) | undefined;
  #woken = false;

  /** Resolves after `ms`, or at once when {@link wake} is, or was since the last wait, called. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        this.#woken = false;
        resolve();
      };
      if (this.#woken) this.#wake();
    });
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }
}

/** Resolves after `ms`, or as soon as `signal` is aborted. Does not hold the process. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const waiting = new Pause();
  const wake = () => waiting.wake();
  signal.addEventListener("abort", wake, { once: true });
  if (signal.aborted) wake();
  return waiting.wait(ms).finally(() => signal.removeEventListener("abort", wake));
}
