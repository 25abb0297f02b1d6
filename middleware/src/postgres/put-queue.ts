import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { StoredPush } from "../inbox/inbox.js";
import { isRejection, LOCK_NOT_AVAILABLE, PostgresTimeout, select, withConnection } from "./connection.js";
import type { PostgresInboxSettings } from "./options.js";
import { keyOf, type PushRow, rowOf } from "./push-row.js";

/** Time limit of `put`: the sender of a push waits for the response. */
const PUT_LIMIT_MS = 3_000;
/** Limits of the pushes that are stored in one statement. */
const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Maximum number of statements that store batches at a time. While one is committed, the other one is executed. */
const MAX_STATEMENTS = 2;
/** Minimum number of waiting pushes for a second statement: small batches cost more time for each push. */
const MIN_PARALLEL = 16;
/** How long a batch waits for the lock of a subject. */
const BATCH_LOCK_MS = 500;
/** How long a single push waits for the lock of its subject, before the other single pushes have their turn. */
const SINGLE_LOCK_MS = 100;

/** SQLSTATEs of errors that one push of a batch may have caused: its data, or the lock of its subject. */
const ONE_PUSH = /^(22|23|40|54|55)/;

type Result = "stored" | "duplicate";

/** A worker of this process, which can claim pushes while they are stored. */
export interface StoringWorker {
  /** Reserves room for at most `max` pushes, and returns its size. */
  reserve(max: number): number;
  /** Takes the claimed pushes. @param reserved what `reserve` returned */
  addStored(pushes: readonly StoredPush[], lease: string, reserved: number): void;
}

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
  #pending: Pending[] = [];
  readonly #single: Pending[] = [];
  /** Number of running loops over batches. */
  #loops = 0;
  /** The keys of the pushes in running statements. Later pushes with these keys wait, which keeps their order. */
  readonly #keys = new Set<string>();
  #isRunningSingle = false;
  readonly #running = new Set<Promise<void>>();

  /** The worker of this process. Without one, the pushes wait for another process. */
  worker: StoringWorker | undefined;

  /** @param onStored called after each commit, with the number of stored pushes and how many of them this process has not claimed */
  constructor(
    private readonly settings: Pick<PostgresInboxSettings, "pool" | "schema" | "leaseMs">,
    private readonly onStored: (count: number, unclaimed: number) => void,
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
      const isParallel = this.#loops < MAX_STATEMENTS && this.#pending.length >= MIN_PARALLEL;
      if (this.#loops === 0 || isParallel) this.#track(this.#run());
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
    this.#loops++;
    for (;;) {
      // Pushes that arrive in the same turn of the event loop share a statement. The attempts of the last one start first.
      await setImmediate();
      if (this.#loops > 1 && this.#pending.length < MIN_PARALLEL) break;
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      const keys = batch.map(({ push }) => keyOf(push));
      for (const key of keys) this.#keys.add(key);
      try {
        await this.#storeTwice(batch, BATCH_LOCK_MS);
      } catch (error) {
        if (isRejection(error) && ONE_PUSH.test(error.code)) this.#storeSingly(batch);
        else for (const each of batch) each.settle(error as Error);
      }
      for (const key of keys) this.#keys.delete(key);
    }
    this.#loops--;
  }

  #takeBatch(): Pending[] {
    const batch: Pending[] = [];
    const rest: Pending[] = [];
    let bytes = 0;
    for (const next of this.#pending) {
      const isFull = batch.length >= MAX_BATCH || bytes >= MAX_BATCH_BYTES;
      if (next.isSettled) continue;
      if (isFull || this.#keys.has(keyOf(next.push))) rest.push(next);
      else {
        batch.push(next);
        bytes += next.push.body.length;
      }
    }
    this.#pending = rest;
    return batch;
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
    const { worker } = this;
    const reserved = worker?.reserve(batch.length) ?? 0;
    const lease = randomUUID();
    let claimed: readonly StoredPush[] = [];
    try {
      claimed = await this.#store(batch, lockMs, lease, reserved).catch((error) => {
        if (isRejection(error) || error instanceof PostgresTimeout) throw error;
        return this.#store(batch, lockMs, lease, reserved);
      });
    } finally {
      worker?.addStored(claimed, lease, reserved);
    }
  }

  /** Stores a batch, and claims those of its first `maxClaims` pushes that can start. Returns these. */
  async #store(batch: readonly Pending[], lockMs: number, lease: string, maxClaims: number): Promise<StoredPush[]> {
    const { pool, schema, leaseMs } = this.settings;
    const limitMs = Math.max(1, Math.min(...batch.map(({ until }) => until)) - performance.now());
    let start = 1;
    const rows = batch.map(({ push, windowMs }, n) => {
      const row = rowOf(push, { n, windowMs, start, claims: n < maxClaims });
      start += push.body.length;
      return row;
    });
    const bodies = Buffer.concat(batch.map(({ push }) => push.body));
    const results = await withConnection(pool, limitMs, (client) =>
      select<{ n: number; result: Result | "claimed" }>(
        client,
        `select n, result from ${schema}.put($1, $2, $3, $4, $5)`,
        [JSON.stringify(roundsOf(rows)), bodies, lockMs, lease, leaseMs],
      ),
    );
    const claimed: StoredPush[] = [];
    let unclaimed = 0;
    for (const { n, result } of results) {
      const pending = batch[n] as Pending;
      if (result === "claimed") claimed.push(pending.push);
      else if (result === "stored") unclaimed++;
      pending.settle(result === "claimed" ? "stored" : result);
    }
    this.onStored(claimed.length + unclaimed, unclaimed);
    return claimed;
  }
}

/** Groups rows, so that no two rows of a group have the same key, and rows with the same key keep their order. */
function roundsOf(rows: readonly PushRow[]): PushRow[][] {
  const rounds: PushRow[][] = [];
  const counts = new Map<string, number>();
  for (const row of rows) {
    const count = counts.get(row.key) ?? 0;
    counts.set(row.key, count + 1);
    const round = rounds[count];
    if (round === undefined) rounds.push([row]);
    else round.push(row);
  }
  return rounds;
}
