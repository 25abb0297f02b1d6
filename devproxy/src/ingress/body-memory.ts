import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Below this total size of bodies, no extra garbage collection is needed. */
const MIN_BYTES = 64 * 1024 * 1024;
/** Time without responses before a collection. */
const IDLE_MS = 1_000;

/**
 * Returns the memory of large bodies to the system. V8 collects garbage only when it allocates, so a proxy that receives no more requests
 * after a burst would retain all bodies.
 */
export class BodyMemory {
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param collect runs a garbage collection */
  constructor(private readonly collect: () => void = collectGarbage) {}

  /** Counts the body of a request whose response was sent. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < MIN_BYTES) return;
    this.#timer ??= setTimeout(() => this.#free(), IDLE_MS).unref();
    this.#timer.refresh();
  }

  #free(): void {
    this.#timer = undefined;
    this.#bytes = 0;
    this.collect();
    // Memory of closed connections is freed only by another collection.
    setTimeout(this.collect, IDLE_MS).unref();
  }
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
}
