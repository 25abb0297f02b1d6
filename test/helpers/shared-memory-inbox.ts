import {
  type Attempt,
  type AttemptLimits,
  type AttemptResult,
  Attempts,
  type Consumed,
  type Consumer,
  type DeadPush,
  type Inbox,
  type InboxCapabilities,
  type InboxEvents,
  type InboxState,
  type StoredPush,
} from "airudder-webhooks/inbox";

/** A transaction of a {@link SharedMemoryInbox}: its writes are kept if the attempt succeeds. */
export type MemoryTransaction = string[];

/** A push in a {@link MemoryStorage}. */
export interface Row {
  readonly push: StoredPush;
  state: "waiting" | "dead" | "quarantined" | "finished";
  failures: number;
  isRetry: boolean;
  dueAt: number;
  error: string | undefined;
  /** The running attempt, and the inbox that makes it. */
  claim: { readonly inbox: SharedMemoryInbox; readonly transaction: MemoryTransaction } | undefined;
  /** For a replay, which is not stored. */
  readonly replay?: { resolve(result: Consumed): void; reject(error: unknown): void };
}

/** What several {@link SharedMemoryInbox}es share, as a database does. */
export class MemoryStorage {
  rows: Row[] = [];
  readonly last = new Map<string, { sha256: string; at: number }>();
  readonly effects: string[] = [];
  readonly inboxes = new Set<SharedMemoryInbox>();

  /** Lets each inbox look for work. */
  changed(): void {
    for (const inbox of this.inboxes) inbox.look();
  }
}

const LIMITS: AttemptLimits = { retries: 3, timeoutMs: 5_000, retryMs: 1, maxRetryMs: 5 };
const CONCURRENCY = 4;

/** A custom inbox with every capability and optional function. Several of them can use one storage. */
export class SharedMemoryInbox implements Inbox<MemoryTransaction> {
  readonly capabilities: InboxCapabilities = { order: true, shared: true, transaction: true };
  readonly detectsDuplicates: boolean = true;
  events: InboxEvents | undefined;
  #attempts: Attempts | undefined;
  #running = 0;
  #isStopped = false;
  /** Whether its process has ended without closing it, or does not get to renew its leases. */
  isGone = false;

  constructor(
    readonly storage: MemoryStorage,
    private readonly limits = LIMITS,
  ) {}

  async open(events: InboxEvents): Promise<void> {
    this.events ??= events;
    this.storage.inboxes.add(this);
  }

  consume(consumer: Consumer<MemoryTransaction>): void {
    const withTransaction: Consumer = (push, attempt) => {
      const transaction = this.storage.rows.find((row) => row.push === push)?.claim?.transaction;
      const { number, signal, isRetry = false } = attempt;
      return consumer(push, {
        number,
        signal,
        isRetry,
        ...(transaction && { transaction }),
      } satisfies Attempt<MemoryTransaction>);
    };
    this.#attempts = new Attempts(withTransaction, this.events as InboxEvents, this.limits);
    this.look();
  }

  async put(push: StoredPush, windowMs = 3_600_000): Promise<"stored" | "duplicate"> {
    if (this.isGone || this.#isStopped) throw new Error("The inbox is closed.");
    const key = push.subject ?? push.type;
    const last = this.storage.last.get(key);
    if (last?.sha256 === push.sha256 && Date.now() - last.at < windowMs) return "duplicate";
    this.storage.last.set(key, { sha256: push.sha256, at: Date.now() });
    this.add(push);
    return "stored";
  }

  add(push: StoredPush, replay?: Row["replay"]): void {
    this.storage.rows.push({
      push,
      state: "waiting",
      failures: 0,
      isRetry: false,
      dueAt: 0,
      error: undefined,
      claim: undefined,
      ...(replay && { replay }),
    });
    this.storage.changed();
  }

  /** Starts attempts of the pushes that are due, oldest first. */
  look(): void {
    if (this.#attempts === undefined) return;
    for (let row = this.next(); row !== undefined; row = this.next()) this.#run(row, this.#attempts);
  }

  next(): Row | undefined {
    if (this.#isStopped || this.isGone || this.#running >= CONCURRENCY) return undefined;
    const subjects = new Set<string>();
    for (const row of this.storage.rows) {
      const { subject } = row.push;
      if (row.state !== "waiting" || (subject !== undefined && subjects.has(subject))) continue;
      if (subject !== undefined) subjects.add(subject);
      const isFree = row.claim === undefined || row.claim.inbox.isGone;
      if (isFree && row.dueAt <= Date.now()) return row;
    }
    return undefined;
  }

  #run(row: Row, attempts: Attempts): void {
    const claim = { inbox: this, transaction: [] };
    row.claim = claim;
    this.#running++;
    const end = (): void => {
      this.#running--;
      this.storage.changed();
    };
    if (row.replay !== undefined) {
      const { resolve, reject } = row.replay;
      const remove = (): void => {
        this.storage.rows = this.storage.rows.filter((each) => each !== row);
        end();
      };
      void attempts.replay(row.push).then(resolve, reject).finally(remove);
      return;
    }
    const { failures, isRetry } = row;
    const record = (result: AttemptResult): void => {
      // Another inbox may have taken over the push, because the lease of this one has expired.
      if (row.claim === claim && !this.isGone) this.record(row, result, claim.transaction);
    };
    void Promise.resolve(attempts.run(row.push, { number: failures + 1, isRetry }, record)).then(end);
  }

  record(row: Row, result: AttemptResult, transaction: MemoryTransaction): void {
    row.claim = undefined;
    if (result.state === "aborted") return;
    if (result.state === "handled" || result.state === "ignored") {
      row.state = "finished";
      this.storage.effects.push(...transaction);
      return;
    }
    row.failures++;
    row.error = "message" in result ? result.message : undefined;
    if (result.state !== "failed") row.state = result.state;
    else {
      row.dueAt = Date.now() + result.delayMs;
      setTimeout(() => this.storage.changed(), result.delayMs + 1);
    }
  }

  async close(limitMs: number): Promise<void> {
    this.#isStopped = true;
    for (const end = Date.now() + limitMs; this.#running > 0 && Date.now() < end; )
      await new Promise((resolve) => setTimeout(resolve, 2));
    this.#attempts?.abort();
    this.storage.inboxes.delete(this);
    for (const { replay, claim } of this.storage.rows)
      if (replay !== undefined && claim === undefined) replay.reject(new Error("The inbox is closed."));
  }

  replay(push: StoredPush): Promise<Consumed> {
    return new Promise((resolve, reject) => this.add(push, { resolve, reject }));
  }

  async dead(id?: string): Promise<readonly DeadPush[]> {
    return this.storage.rows.flatMap(({ push, state, failures, error }) => {
      if ((state !== "dead" && state !== "quarantined") || (id !== undefined && push.id !== id)) return [];
      const { type, receivedAt, quarantined } = push;
      return [{ id: push.id, type, receivedAt, state, quarantined, attempts: failures, error }];
    });
  }

  async retry(id: string): Promise<boolean> {
    const row = this.#takeDead(id);
    if (row === undefined) return false;
    this.requeue({ ...row, state: "waiting", failures: 0, isRetry: true, dueAt: 0 });
    return true;
  }

  requeue(row: Row): void {
    this.storage.rows.push(row);
    this.storage.changed();
  }

  async drop(id: string): Promise<boolean> {
    return this.#takeDead(id) !== undefined;
  }

  #takeDead(id: string): Row | undefined {
    const { rows } = this.storage;
    const at = rows.findIndex(({ push, state }) => push.id === id && (state === "dead" || state === "quarantined"));
    return at < 0 ? undefined : rows.splice(at, 1)[0];
  }

  state(): InboxState {
    const queued = this.storage.rows.filter(({ state }) => state === "waiting").map(({ push }) => push.receivedAt);
    const dead = this.storage.rows.filter(({ state }) => state === "dead" || state === "quarantined").length;
    const oldest = queued.sort((a, b) => a.getTime() - b.getTime())[0];
    return { open: !this.#isStopped, queued: queued.length, oldest, dead };
  }
}
