import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after `ms`, or as soon as `signal` is aborted. Does not keep the process running. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

/** A repeated wait that can be ended early. Does not keep the process running. */
export class Pause {
  #woken = new AbortController();

  /** Resolves after `ms`, as soon as `signal` is aborted, or when {@link wake} is called or was called since the last wait. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    const wake = () => this.wake();
    signal?.addEventListener("abort", wake, { once: true });
    if (signal?.aborted) wake();
    await pause(ms, this.#woken.signal);
    signal?.removeEventListener("abort", wake);
    this.#woken = new AbortController();
  }

  /** Ends the current wait. If there is none, the next one ends immediately. */
  wake(): void {
    this.#woken.abort();
  }
}
