import type { RecordEntry } from "airudder-webhooks/journal";
import type { RetentionRule } from "../config/index.js";
import type { Listener } from "../events.js";
import { applyRetention, isSegmentFull } from "./retention.js";
import type { Store } from "./store.js";

const INTERVAL_MS = 10 * 60_000;

/** The segment that records are appended to. */
interface ActiveSegment {
  segment: number;
  pushes: number;
  /** When its first push was received, ms since 1970. */
  since: number;
}

/** Limits the size of a journal while records are appended: begins new segments in time, and drops old ones. */
export class RetentionTask {
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #active: ActiveSegment | undefined;
  readonly #onRecord = (entry: RecordEntry) => this.#handleRecord(entry);

  constructor(
    private readonly store: Store,
    private readonly rule: RetentionRule,
    private readonly listener: Listener,
  ) {
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS);
    this.#timer.unref();
    this.#active = activeOf(store);
    store.listeners.add(this.#onRecord);
  }

  /** Drops old segments. During a run, returns the promise of that run. */
  run(): Promise<void> {
    this.#running ??= this.#rollAndDrop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.store.listeners.delete(this.#onRecord);
    await this.#running;
  }

  #handleRecord({ head, location: { segment } }: RecordEntry): void {
    const isNew = segment !== this.#active?.segment;
    if (isNew || this.#active === undefined) this.#active = { segment, pushes: 0, since: Date.now() };
    if (head.kind === "push") this.#active.pushes++;
    if (isNew || this.#isActiveFull()) void this.run();
  }

  #isActiveFull(): boolean {
    const active = this.#active;
    return active !== undefined && isSegmentFull(this.rule, active.pushes, Date.now() - active.since);
  }

  async #rollAndDrop(): Promise<void> {
    try {
      if (this.#isActiveFull()) {
        this.#active = undefined;
        await this.store.roll();
      }
      const count = await applyRetention(this.store, this.rule);
      if (count > 0) {
        const message = `Removed ${count} old ${count === 1 ? "push" : "pushes"} from the journal`;
        this.listener({ event: "note", code: "dropped", message });
      }
    } catch (error) {
      const message = `Old pushes could not be removed: ${(error as Error).message}`;
      this.listener({ event: "note", code: "not_dropped", message });
    }
  }
}

function activeOf({ activeSegment, index }: Store): ActiveSegment | undefined {
  if (activeSegment === undefined) return undefined;
  const rows = index.rows.filter(({ location }) => location.segment === activeSegment);
  const first = Date.parse(rows[0]?.push.at ?? "");
  return { segment: activeSegment, pushes: rows.length, since: Number.isNaN(first) ? Date.now() : first };
}
