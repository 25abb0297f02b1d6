import {
  type AttemptResult,
  Attempts,
  type Consumer,
  type Inbox,
  type InboxEvents,
  Scheduler,
  type StoredPush,
} from "airudder-webhooks/inbox";

/** A stored push of a {@link MemoryInbox}. */
export interface Row {
  readonly push: StoredPush;
  readonly subject: string | undefined;
  failures: number;
  state: "waiting" | "dead" | "quarantined";
}

const LIMITS = { retries: 3, timeoutMs: 1_000, retryMs: 1, maxRetryMs: 5 };

/** A minimal custom inbox, which stores pushes in a map. */
export class MemoryInbox implements Inbox {
  #events: InboxEvents | undefined;
  #attempts: Attempts | undefined;
  readonly #scheduler: Scheduler<Row>;

  /** @param rows the storage; pass the one of a closed inbox to open it again */
  constructor(
    readonly rows: Map<string, Row>,
    private readonly limits = LIMITS,
  ) {
    this.#scheduler = new Scheduler<Row>({
      concurrency: 4,
      run: (row) =>
        (this.#attempts as Attempts).run(row.push, { number: row.failures + 1 }, (result) => this.#record(row, result)),
    });
  }

  #record(row: Row, result: AttemptResult): { delayMs?: number } {
    if (result.state === "aborted") return {};
    if (result.state === "handled" || result.state === "ignored") this.rows.delete(row.push.id);
    else row.failures++;
    if (result.state === "failed") return { delayMs: result.delayMs };
    if (result.state === "dead" || result.state === "quarantined") row.state = result.state;
    return {};
  }

  async open(events: InboxEvents): Promise<void> {
    if (this.#events !== undefined) return;
    this.#events = events;
    for (const { push } of this.rows.values()) events.recovered(push);
  }

  consume(consumer: Consumer): void {
    this.#attempts = new Attempts(consumer, this.#events as InboxEvents, this.limits);
    for (const row of this.rows.values()) if (row.state === "waiting") this.#scheduler.add(row);
    this.#scheduler.start();
  }

  async put(push: StoredPush): Promise<"stored" | "duplicate"> {
    const row: Row = { push, subject: push.subject, failures: 0, state: "waiting" };
    this.rows.set(push.id, row);
    if (this.#attempts !== undefined) this.#scheduler.add(row);
    return "stored";
  }

  async close(limitMs: number): Promise<void> {
    await this.#scheduler.stop(limitMs);
    this.#attempts?.abort();
  }
}
