import type { RecordEntry } from "airudder-webhooks/journal";
import type { RetentionRule } from "../config/index.js";
import type { Listener } from "../events.js";
import { applyRetention, isFull } from "./retention.js";
import type { Store } from "./store.js";

const INTERVAL_MS = 10 * 60_000;

/** The segment that is being written, as the janitor knows it. */
interface Active {
  segment: number;
  pushes: number;
  /** When its first record was written, ms since 1970. */
  since: number;
}

/** Keeps a journal at its size while it is written: begins new segments in time, and drops old ones. */
export class RetentionTask {
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;
  #active: Active | undefined;

  constructor(
    private readonly store: Store,
    private readonly keep: RetentionRule,
    private readonly listener: Listener,
  ) {
    this.#timer = setInterval(() => void this.work(), INTERVAL_MS);
    this.#timer.unref();
    this.#active = activeOf(store);
    store.onRecord = (entry) => this.#see(entry);
  }

  /** Drops what need not be kept; one look at a time. */
  work(): Promise<void> {
    this.#working ??= this.#drop().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.store.onRecord = undefined;
    await this.#working;
  }

  #see({ head, location: { segment } }: RecordEntry): void {
    const isNew = segment !== this.#active?.segment;
    if (isNew || this.#active === undefined) this.#active = { segment, pushes: 0, since: Date.now() };
    if (head.kind === "push") this.#active.pushes++;
    if (isNew || this.#isDue()) void this.work();
  }

  #isDue(): boolean {
    const active = this.#active;
    return active !== undefined && isFull(this.keep, active.pushes, Date.now() - active.since);
  }

  async #drop(): Promise<void> {
    try {
      if (this.#isDue()) {
        this.#active = undefined;
        await this.store.roll();
      }
      const count = await applyRetention(this.store, this.keep);
      if (count > 0)
        this.listener({ event: "note", code: "dropped", message: `${count} old pushes were dropped from the journal` });
    } catch (error) {
      const message = `old pushes could not be dropped: ${(error as Error).message}`;
      this.listener({ event: "note", code: "not_dropped", message });
    }
  }
}

function activeOf({ activeSegment, index }: Store): Active | undefined {
  if (activeSegment === undefined) return undefined;
  const rows = index.rows.filter(({ location }) => location.segment === activeSegment);
  const first = Date.parse(rows[0]?.push.at ?? "");
  return { segment: activeSegment, pushes: rows.length, since: Number.isNaN(first) ? Date.now() : first };
}
