import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { select, withConnection } from "./connection.js";
import type { PostgresInboxSettings } from "./options.js";
import type { ClaimedRow } from "./push-row.js";

/** Time limit of the statement that claims pushes. */
const LIMIT_MS = 5_000;
/** Delays between claims that find nothing: the first one, and the maximum. */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 500;
/** Interval of the claims that look at all pushes. The others look only at pushes that became due since the last claim. */
const FULL_CLAIM_MS = 30_000;
/** These other claims also look at pushes that became due this long before the last claim: their transactions may have committed later. */
const OVERLAP_MS = 10_000;
/** More than the age of any push. */
const ALL_MS = 100 * 365 * 24 * 60 * 60 * 1_000;

/** What {@link Claims} needs of the worker. */
export interface ClaimsOwner {
  /** Number of pushes that can be claimed now. */
  room(): number;
  /** @param rows the claimed pushes; the one that has been due for the longest time comes first */
  onClaimed(rows: readonly ClaimedRow[], lease: string): void;
  onFailed(error: unknown): void;
}

/** Claims due pushes for this process: immediately after `wake`, otherwise after a delay that grows while there are none. */
export class Claims {
  /** When a claim last looked at all pushes, as `performance.now()`. */
  #claimedAllAt = Number.NEGATIVE_INFINITY;
  /** The last claim covered pushes that became due before this time, as `performance.now()`. */
  #claimedUntil = Number.NEGATIVE_INFINITY;
  #pollMs = MIN_POLL_MS;
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | undefined;
  /** Whether there may be due pushes. */
  #isWoken = false;
  #isStopped = false;

  constructor(
    private readonly settings: PostgresInboxSettings,
    private readonly owner: ClaimsOwner,
  ) {}

  /** Whether there may be due pushes that no claim has returned yet. Then the worker keeps room for them when it reserves room for new ones. */
  get isBehind(): boolean {
    return this.#isWoken;
  }

  /** Claims as soon as there is room. */
  wake(): void {
    this.#pollMs = MIN_POLL_MS;
    this.#isWoken = true;
    this.#schedule(0);
  }

  /** Claims after a delay. A delay that polling covers anyway needs no timer. */
  wakeIn(delayMs: number): void {
    if (delayMs > MAX_POLL_MS || this.#isStopped) return;
    setTimeout(() => this.wake(), delayMs + 1).unref();
  }

  /** Claims if the last claim has left due pushes. The worker calls it when it has room again. */
  resume(): void {
    if (this.#isWoken) this.#schedule(0);
  }

  /** Resolves when no claim runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#claiming;
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped || this.#claiming !== undefined) return;
    clearTimeout(this.#timer);
    if (delayMs > 0) this.#timer = setTimeout(() => this.#start(), delayMs);
    else this.#start();
  }

  #start(): void {
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined;
      this.#schedule(this.#isWoken && this.owner.room() > 0 ? 0 : this.#pollMs);
    });
  }

  async #claim(): Promise<void> {
    // Pushes that are stored, and attempts that end, in the same turn of the event loop share one claim.
    await setImmediate();
    const count = this.owner.room();
    if (count <= 0) {
      // Sets `isBehind`, so that new pushes of this process do not take all the room that becomes free.
      this.#isWoken = true;
      return;
    }
    this.#isWoken = false;
    const { pool, schema, leaseMs } = this.settings;
    const lease = randomUUID();
    const now = performance.now();
    const isFull = now - this.#claimedAllAt > FULL_CLAIM_MS;
    const withinMs = isFull ? ALL_MS : now - this.#claimedUntil + OVERLAP_MS;
    let rows: ClaimedRow[];
    try {
      rows = await withConnection(pool, LIMIT_MS, (client) =>
        select<ClaimedRow>(client, `select * from ${schema}.claim($1, $2, $3, $4)`, [count, lease, leaseMs, withinMs]),
      );
    } catch (error) {
      this.#pollMs = MAX_POLL_MS;
      this.owner.onFailed(error);
      return;
    }
    if (isFull) this.#claimedAllAt = now;
    this.#claimedUntil = now;
    if (rows.length === count) {
      // There may be more due pushes. The claimed ones have been due longest, so the next claim looks at those that became due later.
      this.#claimedUntil -= Math.min(...rows.map(({ waited_ms }) => waited_ms));
      this.#isWoken = true;
    }
    this.#pollMs = rows.length > 0 ? MIN_POLL_MS : Math.min(this.#pollMs * 2, MAX_POLL_MS);
    this.owner.onClaimed(
      rows.sort((a, b) => b.waited_ms - a.waited_ms),
      lease,
    );
  }
}
