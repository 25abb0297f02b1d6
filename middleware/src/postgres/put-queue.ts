import { setImmediate } from "node:timers/promises";
import type { StoredPush } from "../inbox/inbox.js";
import { isRejection, LOCK_NOT_AVAILABLE, PostgresTimeout, select, withConnection } from "./connection.js";
import type { PgPool } from "./pool.js";
import { rowOf } from "./push-row.js";

/** Time limit of `put`: the sender of a push waits for the response. */
const PUT_LIMIT_MS = 3_000;
/** Limits of the pushes that are stored in one statement. */
const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** How long a batch waits for the lock of a subject. */
const BATCH_LOCK_MS = 500;
/** How long a single push waits for the lock of its subject, before the other single pushes have their turn. */
const SINGLE_LOCK_MS = 100;

/** SQLSTATEs of errors that one push of a batch may have caused: its data, or the lock of its subject. */
const ONE_PUSH = /^(22|23|40|54|55)/;

type Result = "stored" | "duplicate";

interface Pending {
  readonly push: StoredPush;
  readonly windowMs: number;
  /** Time by which it must be settled, as `performance.now()`. */
  readonly until: number;
  isSettled: boolean;
  settle(result: Result | Error): void;
}

/**
 * Stores pushes. Those that arrive while a statement runs share the next one, and its commit.
 *
 * If the server rejects a batch, for example because another transaction holds the lock of one subject, each of its pushes is stored in a
 * statement of its own. So one push cannot hold up the others.
 */
export class PutQueue {
  readonly #pending: Pending[] = [];
  readonly #single: Pending[] = [];
  #isRunning = false;
  #isRunningSingle = false;
  readonly #running = new Set<Promise<void>>();

  /** @param onStored called after each commit */
  constructor(
    private readonly pool: PgPool,
    private readonly schema: string,
    private readonly onStored: (count: number) => void,
  ) {}

  /** Stores a push. Rejects after 3 seconds, or if it is unknown whether the push was stored. */
  put(push: StoredPush, windowMs: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => pending.settle(new PostgresTimeout(PUT_LIMIT_MS)), PUT_LIMIT_MS);
      const pending: Pending = {
        push,
        windowMs,
        until: performance.now() + PUT_LIMIT_MS,
        isSettled: false,
        settle(result) {
          if (this.isSettled) return;
          this.isSettled = true;
          clearTimeout(timer);
          if (typeof result === "string") resolve(result);
          else reject(result);
        },
      };
      this.#pending.push(pending);
      if (!this.#isRunning) this.#track(this.#run());
    });
  }

  /** Resolves when all pushes are stored or rejected. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #track(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Pushes that arrive in the same turn of the event loop share the first statement.
    await setImmediate();
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
      try {
        await this.#storeTwice(batch, BATCH_LOCK_MS);
      } catch (error) {
        if (isRejection(error) && ONE_PUSH.test(error.code)) this.#storeSingly(batch);
        else for (const each of batch) each.settle(error as Error);
      }
    }
    this.#isRunning = false;
  }

  #takeBatch(): Pending[] {
    const batch: Pending[] = [];
    let bytes = 0;
    while (this.#pending.length > batch.length && batch.length < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
      const next = this.#pending[batch.length] as Pending;
      batch.push(next);
      bytes += next.push.body.length;
    }
    this.#pending.splice(0, batch.length);
    const waiting = batch.filter(({ isSettled }) => !isSettled);
    return waiting.length === 0 && batch.length > 0 ? this.#takeBatch() : waiting;
  }

  #storeSingly(batch: readonly Pending[]): void {
    this.#single.push(...batch);
    if (!this.#isRunningSingle) this.#track(this.#runSingle());
  }

  async #runSingle(): Promise<void> {
    this.#isRunningSingle = true;
    for (let next = this.#single.shift(); next !== undefined; next = this.#single.shift()) {
      if (next.isSettled) continue;
      try {
        await this.#storeTwice([next], SINGLE_LOCK_MS);
      } catch (error) {
        if (isRejection(error) && error.code === LOCK_NOT_AVAILABLE) this.#single.push(next);
        else next.settle(error as Error);
      }
    }
    this.#isRunningSingle = false;
  }

  /** Stores a batch. If its connection breaks, stores it again on another one: `put` skips the pushes that are stored already. */
  async #storeTwice(batch: readonly Pending[], lockMs: number): Promise<void> {
    try {
      await this.#store(batch, lockMs);
    } catch (error) {
      if (isRejection(error) || error instanceof PostgresTimeout) throw error;
      await this.#store(batch, lockMs);
    }
  }

  async #store(batch: readonly Pending[], lockMs: number): Promise<void> {
    const limitMs = Math.max(1, Math.min(...batch.map(({ until }) => until)) - performance.now());
    const rows = JSON.stringify(batch.map(({ push, windowMs }, n) => rowOf(push, n, windowMs)));
    const bodies = Buffer.concat(batch.map(({ push }) => push.body));
    const results = await withConnection(this.pool, limitMs, (client) =>
      select<{ n: number; result: Result }>(client, `select n, result from ${this.schema}.put($1, $2, $3)`, [
        rows,
        bodies,
        lockMs,
      ]),
    );
    for (const { n, result } of results) batch[n]?.settle(result);
    this.onStored(results.filter(({ result }) => result === "stored").length);
  }
}
