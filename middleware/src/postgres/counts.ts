import type { InboxState } from "../inbox/inbox.js";
import { select, withConnection } from "./connection.js";
import type { Mark } from "./mark-queue.js";
import type { PgPool } from "./pool.js";

/** Age at which `state` refreshes the counts. */
const MAX_AGE_MS = 2_000;
/** Maximum share of the time that refreshes take: the slower the statement, the less often it runs. */
const MAX_SHARE = 0.02;
const LIMIT_MS = 10_000;
/** Maximum of each count. It bounds the cost of a large backlog. */
const MAX_COUNT = 100_000;

/** The counts of the inbox. Reading them starts a refresh in the background, if they are old. */
export class Counts {
  #queued = 0;
  #oldest: Date | undefined;
  #dead = 0;
  #readAt = Number.NEGATIVE_INFINITY;
  #maxAgeMs = MAX_AGE_MS;
  #refreshing: Promise<void> | undefined;

  constructor(
    private readonly pool: PgPool,
    private readonly schema: string,
  ) {}

  /** Adds pushes that this process has stored to the counts of the last refresh. */
  onStored(count: number): void {
    this.#queued += count;
  }

  /** Applies the end of an attempt to the counts of the last refresh. */
  onEnded(state: Mark["state"]): void {
    if (state === "waiting") return;
    this.#queued = Math.max(0, this.#queued - 1);
    if (state === "dead" || state === "quarantined") this.#dead++;
  }

  state(): Omit<InboxState, "open"> {
    if (performance.now() - this.#readAt > this.#maxAgeMs) void this.refresh().catch(() => undefined);
    return { queued: this.#queued, oldest: this.#oldest, dead: this.#dead };
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const startedAt = performance.now();
    this.#readAt = startedAt;
    const text = `select queued, dead, oldest from ${this.schema}.counts($1)`;
    const [row] = await withConnection(this.pool, LIMIT_MS, (client) =>
      select<{ queued: number; dead: number; oldest: number | null }>(client, text, [MAX_COUNT]),
    );
    this.#maxAgeMs = Math.max(MAX_AGE_MS, (performance.now() - startedAt) / MAX_SHARE);
    if (row === undefined) return;
    this.#queued = row.queued;
    this.#dead = row.dead;
    this.#oldest = row.oldest === null ? undefined : new Date(row.oldest);
  }
}
