import { select, withConnection } from "./connection.js";
import type { PgPool } from "./pool.js";

/** Maximum number of pushes that one statement deletes, and its time limit. */
const BATCH = 500;
const LIMIT_MS = 10_000;
/** Delay after a full batch, and after one that was not full. */
const BUSY_MS = 200;
const IDLE_MS = 60_000;

/** Deletes old finished pushes in small batches. Each process that handles pushes does so, without waiting for the others. */
export class Retention {
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    private readonly pool: PgPool,
    private readonly schema: string,
    private readonly retentionMs: number,
  ) {}

  start(): void {
    // A random delay, so that processes that start together do not delete together.
    this.#schedule(BUSY_MS + Math.random() * BUSY_MS);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#clean().then(
        (deleted) => this.#schedule(deleted === BATCH ? BUSY_MS : IDLE_MS),
        () => this.#schedule(IDLE_MS),
      );
    }, delayMs);
    this.#timer.unref();
  }

  async #clean(): Promise<number> {
    const text = `select ${this.schema}.clean($1, $2) as deleted`;
    const [row] = await withConnection(this.pool, LIMIT_MS, (client) =>
      select<{ deleted: number }>(client, text, [this.retentionMs, BATCH]),
    );
    return row?.deleted ?? 0;
  }
}
