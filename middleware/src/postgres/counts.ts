import type { InboxState } from "../inbox/inbox.js";
import { select, withConnection } from "./connection.js";
import type { PgPool } from "./pool.js";

/** Maximum age of the counts, and time limit of the statement. */
const MAX_AGE_MS = 2_000;
/** Pushes are counted up to this number, so that a large backlog costs no more. */
const MAX_COUNT = 100_000;
/** Number of pushes at each end of the queue that are compared to find the oldest one. */
const SAMPLE = 500;

/** The counts of the inbox. Reading them starts a refresh in the background, if they are old. */
export class Counts {
  #queued = 0;
  #oldest: Date | undefined;
  #dead = 0;
  #readAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  constructor(
    private readonly pool: PgPool,
    private readonly schema: string,
  ) {}

  /** Counts pushes that this process has stored since. */
  onStored(count: number): void {
    this.#queued += count;
  }

  /** Reads the counts again at the next call of `state`. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  state(): Omit<InboxState, "open"> {
    if (performance.now() - this.#readAt > MAX_AGE_MS) void this.refresh().catch(() => undefined);
    return { queued: this.#queued, oldest: this.#oldest, dead: this.#dead };
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    this.#readAt = performance.now();
    const [row] = await withConnection(this.pool, MAX_AGE_MS, (client) =>
      select<{ queued: number; dead: number; oldest: number | null }>(client, countStatement(this.schema)),
    );
    if (row === undefined) return;
    this.#queued = row.queued;
    this.#dead = row.dead;
    this.#oldest = row.oldest === null ? undefined : new Date(row.oldest);
  }
}

/** `oldest` is exact unless more than twice `SAMPLE` pushes can run now or later: then it is that of the first and the last of them. */
export function countStatement(schema: string): string {
  const count = (states: string): string =>
    `(select count(*)::integer from (select from ${schema}.pushes where state in ${states} limit ${MAX_COUNT}) counted)`;
  const ends = (order: string): string =>
    `(select received_at from ${schema}.pushes where state in ('waiting', 'running') order by due_at ${order} limit ${SAMPLE})`;
  return `select ${count("('blocked', 'waiting', 'running')")} as queued, ${count("('dead', 'quarantined')")} as dead,
    (select extract(epoch from min(received_at))::double precision * 1000 from (${ends("asc")} union all ${ends("desc")}) ends) as oldest`;
}
