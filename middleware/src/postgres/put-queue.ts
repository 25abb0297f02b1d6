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
/** Maximum number of statements that store batches at a time. Postgres executes one while it commits the other. */
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
  /** Reserves room for at most `max` pushes, and returns for how many. */
  reserve(max: number): number;
  /** Takes the claimed pushes. @param reserved what `reserve` returned */
  addStored(pushes: readonly StoredPush[], lease: string, reserved: number): void;
  /** Gives back the pushes of a statement whose result is unknown: it may have claimed them. */
  releaseUnknown(pushes: readonly Pick<StoredPush, "id" | "subject">[], lease: string): void;
}

interface Pending {
  readonly push: StoredPush;
  readonly windowMs: number;
  readonly key: string;
  /** Token of the lease that an earlier statement may have stored; otherwise `undefined`. */
  lease: string | undefined;
  /** Whether a statement was sent, and it is unknown whether it has stored and claimed the push. */
  isUnknown: boolean;
  /** Time by which it must be settled, as `performance.now()`. */
  readonly until: number;
  isSettled: boolean;
  settle(result: Result | Error): void;
}

/**
 * Stores pushes. Those that arrive while a statement runs share the next one, and its commit.
 *
 * One push can make the server reject a batch, for example because another transaction holds the lock of its subject. Then the queue stores
 * each push of the batch in a separate statement, so that one push cannot delay the others.
 */
export class PutQueue {
  #pending: Pending[] = [];
  #single: Pending[] = [];
  /** Number of running loops over batches. */
  #loops = 0;
  /**
   * Number of pushes by key: those in running statements, and those that are stored singly. Later pushes with these keys wait, which keeps
   * their order.
   */
  readonly #keys = new Map<string, number>();
  #isRunningSingle = false;
  readonly #running = new Set<Promise<void>>();

  /** The worker of this process. Without one, the pushes wait for another process. */
  worker: StoringWorker | undefined;

  /** @param onStored called after each commit, with the number of stored pushes and how many of them this process has not claimed */
  constructor(
    private readonly settings: Pick<PostgresInboxSettings, "pool" | "schema" | "leaseMs">,
    private readonly onStored: (count: number, unclaimed: number) => void,
  ) {}

  /** Stores a push. Rejects after 3 seconds, and after an error. The push may be stored nevertheless. */
  put(push: StoredPush, windowMs: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => pending.settle(new PostgresTimeout(PUT_LIMIT_MS)), PUT_LIMIT_MS);
      const pending: Pending = {
        push,
        windowMs,
        key: keyOf(push),
        lease: undefined,
        isUnknown: false,
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
      // Pushes that arrive in the same turn of the event loop share a statement. Meanwhile, attempts of the last statement's pushes start.
      await setImmediate();
      if (this.#loops > 1 && this.#pending.length < MIN_PARALLEL) break;
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      for (const { key } of batch) this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1);
      try {
        await this.#storeTwice(batch, BATCH_LOCK_MS);
      } catch (error) {
        if (isRejection(error) && ONE_PUSH.test(error.code)) {
          this.#storeSingly(batch);
          continue;
        }
        this.#fail(batch, error as Error);
      }
      for (const { key } of batch) this.#free(key);
    }
    this.#loops--;
  }

  /** Lets the next push with this key be stored. */
  #free(key: string): void {
    const count = (this.#keys.get(key) ?? 0) - 1;
    if (count > 0) this.#keys.set(key, count);
    else this.#keys.delete(key);
  }

  #takeBatch(): Pending[] {
    const batch: Pending[] = [];
    const rest: Pending[] = [];
    let bytes = 0;
    for (const next of this.#pending) {
      const isFull = batch.length >= MAX_BATCH || bytes >= MAX_BATCH_BYTES;
      if (next.isSettled) continue;
      if (isFull || this.#keys.has(next.key)) rest.push(next);
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
      if (next.isSettled) this.#releaseUnknown([next]);
      else {
        try {
          await this.#storeTwice([next], SINGLE_LOCK_MS);
        } catch (error) {
          if (isRejection(error) && error.code === LOCK_NOT_AVAILABLE) {
            this.#postpone(next);
            continue;
          }
          this.#fail([next], error as Error);
        }
      }
      this.#free(next.key);
      // A loop over batches may have left a push with this key.
      if (this.#loops === 0 && this.#pending.length > 0) this.#track(this.#run());
    }
    this.#isRunningSingle = false;
  }

  /** Moves a single push, and the later ones with its key, behind the other single pushes. */
  #postpone(pending: Pending): void {
    const hasKey = ({ key }: Pending): boolean => key === pending.key;
    const others = this.#single.filter((each) => !hasKey(each));
    this.#single = [...others, pending, ...this.#single.filter(hasKey)];
  }

  /** Stores a batch. If its connection breaks, stores it again on another one: `put` skips the pushes that are stored already. */
  async #storeTwice(batch: readonly Pending[], lockMs: number): Promise<void> {
    const { worker } = this;
    const reserved = worker?.reserve(batch.length) ?? 0;
    const lease = batch[0]?.lease ?? randomUUID();
    for (const each of batch) each.lease = lease;
    let claimed: readonly StoredPush[] = [];
    try {
      claimed = await this.#store(batch, lockMs, lease, reserved, false).catch((error) => {
        if (isRejection(error) || error instanceof PostgresTimeout) throw error;
        return this.#store(batch, lockMs, lease, reserved, true);
      });
    } finally {
      worker?.addStored(claimed, lease, reserved);
    }
  }

  /** Rejects pushes that are not stored again. */
  #fail(pushes: readonly Pending[], error: Error): void {
    for (const each of pushes) each.settle(error);
    this.#releaseUnknown(pushes);
  }

  #releaseUnknown(pushes: readonly Pending[]): void {
    const unknown = pushes.filter(({ isUnknown }) => isUnknown);
    const lease = unknown[0]?.lease;
    if (lease === undefined) return;
    // Without the bodies, because a release can take long.
    const ids = unknown.map(({ push: { id, subject } }) => ({ id, subject }));
    this.worker?.releaseUnknown(ids, lease);
  }

  /**
   * Stores a batch, and claims those of its first `maxClaims` pushes that can start. Returns these.
   * @param isRepeat whether the same batch was sent before, and it is unknown whether it was stored
   */
  async #store(
    batch: readonly Pending[],
    lockMs: number,
    lease: string,
    maxClaims: number,
    isRepeat: boolean,
  ): Promise<StoredPush[]> {
    const { pool, schema, leaseMs } = this.settings;
    // Each push has its own time limit. The statement may take as long as the youngest push can wait.
    const limitMs = Math.max(1, Math.max(...batch.map(({ until }) => until)) - performance.now());
    const rows: PushRow[] = [];
    const bodies: Buffer[] = [];
    const duplicates: Pending[] = [];
    const lastOfKey = new Map<string, string>();
    let start = 1;
    for (const [n, pending] of batch.entries()) {
      const { push, windowMs, key } = pending;
      // A duplicate within the batch. `put` would miss it in a second run, which compares it with the last stored push of its key.
      if (windowMs > 0 && lastOfKey.get(key) === push.sha256) duplicates.push(pending);
      else {
        rows.push(rowOf(push, { n, windowMs, start, claims: n < maxClaims }));
        bodies.push(push.body);
        start += push.body.length;
      }
      lastOfKey.set(key, push.sha256);
    }
    const known = batch.filter(({ isUnknown }) => !isUnknown);
    const results = await withConnection(pool, limitMs, (client) => {
      for (const each of known) each.isUnknown = true;
      return select<{ n: number; result: Result | "claimed" }>(
        client,
        `select n, result from ${schema}.put($1, $2, $3, $4, $5, $6)`,
        [JSON.stringify(roundsOf(rows)), Buffer.concat(bodies), lockMs, lease, leaseMs, isRepeat],
      );
    }).catch((error) => {
      // The server has rolled this statement back.
      if (isRejection(error)) for (const each of known) each.isUnknown = false;
      throw error;
    });
    for (const each of batch) each.isUnknown = false;
    const claimed: StoredPush[] = [];
    let unclaimed = 0;
    for (const { n, result } of results) {
      const pending = batch[n] as Pending;
      if (result === "claimed") claimed.push(pending.push);
      else if (result === "stored") unclaimed++;
      pending.settle(result === "claimed" ? "stored" : result);
    }
    for (const each of duplicates) each.settle("duplicate");
    this.onStored(claimed.length + unclaimed, unclaimed);
    return claimed;
  }
}

/** Groups rows. The rows of a group have different keys. Rows with the same key keep their order. */
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
