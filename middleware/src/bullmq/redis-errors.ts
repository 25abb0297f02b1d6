import { describeThrown } from "../observe/describe-error.js";

/** The same error is reported at most once in this time. Milliseconds. */
const INTERVAL_MS = 60_000;

/** Reports errors of Redis connections. During an outage, each attempt to connect fails with the same error. */
export class RedisErrors {
  readonly #reportedAt = new Map<string, number>();

  constructor(private readonly report: (message: string) => void) {}

  readonly add = (error: Error): void => {
    const message = describeThrown(error);
    const now = performance.now();
    const last = this.#reportedAt.get(message);
    if (last !== undefined && now - last < INTERVAL_MS) return;
    for (const [known, at] of this.#reportedAt) if (now - at >= INTERVAL_MS) this.#reportedAt.delete(known);
    this.#reportedAt.set(message, now);
    this.report(message);
  };
}
