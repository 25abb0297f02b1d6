import { Pause } from "./pause.js";
import type { TunnelTiming } from "./timing.js";

/** Duration of a wait that doubles with each `count`, starting at `firstMs` for 0. */
function doubledMs(count: number, firstMs: number, maxMs: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(count, 30));
}

/**
 * Delay in ms before the tunnel is opened again after a failure. It grows exponentially with each consecutive failure. Jitter reduces it to
 * between 50 % and 100 %, so that many proxies do not reconnect to one server at the same time.
 * @param failures number of consecutive failures before the latest one; 0 for the first
 * @param elapsedMs time since the proxy began to open the tunnel; it is subtracted, but the result is at least the delay after the first
 * failure
 */
export function reopenDelayMs(
  failures: number,
  elapsedMs: number,
  { backoffMs, maxBackoffMs }: TunnelTiming,
  random = Math.random,
): number {
  const withJitter = (ms: number) => ms * (0.5 + random() / 2);
  const minMs = withJitter(doubledMs(0, backoffMs, maxBackoffMs));
  return Math.max(withJitter(doubledMs(failures, backoffMs, maxBackoffMs)) - elapsedMs, minMs);
}

/** Waits whose duration doubles up to a maximum. They can start over. */
export class DoublingWait {
  readonly #pause = new Pause();
  #count = 0;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
  ) {}

  /** Resolves after the next wait, or as soon as `signal` is aborted. */
  wait(signal: AbortSignal): Promise<void> {
    return this.#pause.wait(doubledMs(this.#count++, this.firstMs, this.maxMs), signal);
  }

  /** Ends the current wait, or skips the next one. The wait after it has the first duration again. */
  restart(): void {
    this.#count = 0;
    this.#pause.wake();
  }
}
