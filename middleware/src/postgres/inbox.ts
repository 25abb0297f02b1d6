import { setTimeout as sleep } from "node:timers/promises";
import { AirudderError } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { Consumed, Consumer, DeadPush, Inbox, InboxEvents, InboxState, StoredPush } from "../inbox/inbox.js";
import { describeThrown } from "../observe/describe-error.js";
import { ignoreIdleErrors, select, withConnection } from "./connection.js";
import { Counts } from "./counts.js";
import { migrate, requireVersion } from "./migrate.js";
import { createSchema, migrationTexts } from "./migrations.js";
import { Notifications } from "./notifications.js";
import { checkPostgresInboxOptions, type PostgresInboxOptions, type PostgresInboxSettings } from "./options.js";
import type { ClientOf, PgClient, PgPool } from "./pool.js";
import { storableText, subjectColumn } from "./push-row.js";
import { PutQueue } from "./put-queue.js";
import { Retention } from "./retention.js";
import { Worker } from "./worker.js";

/** Time limit of the statements that do not store pushes. */
const LIMIT_MS = 3_000;
/** Maximum time that these statements wait for the lock of a subject. */
const LOCK_MS = 2_000;
/** Default of `duplicateWindowMs`. */
const DUPLICATE_WINDOW_MS = 3_600_000;
/** How often a replay checks whether the earlier pushes of its subject are finished. */
const REPLAY_POLL_MS = 100;

/** An inbox in Postgres. `Transaction`: the client that handlers get. */
export interface PostgresInbox<Transaction> extends Inbox<Transaction> {
  /**
   * Creates the schema, tables and functions of the inbox, or updates them. Does nothing if they are current. Several processes can call it
   * at the same time. The role of the pool must own the schema, or be allowed to create it.
   */
  migrate(): Promise<void>;
  /** The SQL that `migrate` runs, one text per version, for those who run migrations themselves. */
  migrations(): readonly string[];
  dead(id?: string): Promise<readonly DeadPush[]>;
  retry(id: string): Promise<boolean>;
  drop(id: string): Promise<boolean>;
  state(): InboxState;
}

/**
 * An inbox in Postgres, for several processes and machines.
 *
 * - It acknowledges a push when its transaction is committed, and detects duplicates of all processes.
 * - Workers handle subjects in parallel, and the pushes of one subject in order.
 * - Handlers get a client of the pool as `transaction`. One commit stores what they write through it, and that the push is handled.
 * - It retries failed pushes with increasing delays, then keeps them as dead.
 * - Other processes take over the pushes of a process that ends or stops.
 *
 * Call `migrate()` before the first use. Needs Postgres 12 or newer and `pg` 8.
 * @throws AirudderError `invalid_option`
 * @example
 * const inbox = postgresInbox({ pool: new Pool({ connectionString: process.env.DATABASE_URL }) });
 * await inbox.migrate();
 * const receiver = airudder({ key: process.env.AIRUDDER_KEY, inbox });
 */
export function postgresInbox<P extends PgPool>(options: PostgresInboxOptions<P>): PostgresInbox<ClientOf<P>> {
  return new PostgresInboxImplementation<ClientOf<P>>(checkPostgresInboxOptions(options));
}

class PostgresInboxImplementation<Transaction> implements PostgresInbox<Transaction> {
  readonly capabilities = { order: true, shared: true, transaction: true } as const;
  readonly detectsDuplicates = true;
  readonly #puts: PutQueue;
  readonly #counts: Counts;
  readonly #retention: Retention;
  readonly #notifications: Notifications | undefined;
  #worker: Worker<Transaction> | undefined;
  #events: InboxEvents | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(private readonly settings: PostgresInboxSettings) {
    const { pool, schema, notifyPool, retentionMs } = settings;
    ignoreIdleErrors(pool);
    if (notifyPool !== undefined) {
      ignoreIdleErrors(notifyPool);
      this.#notifications = new Notifications(notifyPool, schema);
    }
    this.#counts = new Counts(pool, schema);
    this.#retention = new Retention(pool, schema, retentionMs);
    this.#puts = new PutQueue(settings, (count, unclaimed) => {
      this.#counts.onStored(count);
      if (unclaimed > 0) this.#onDue();
    });
  }

  migrate(): Promise<void> {
    return migrate(this.settings.pool, this.settings.schema);
  }

  migrations(): readonly string[] {
    const { schema } = this.settings;
    return migrationTexts(schema).map((text, i) => (i === 0 ? `${createSchema(schema)}\n\n${text}` : text));
  }

  async open(events: InboxEvents): Promise<void> {
    if (this.#isOpen) return;
    const { schema } = this.settings;
    await this.#with(async (client) => {
      await requireVersion(client, schema);
      await select(client, `select ${schema}.require_read_committed()`);
      await requireEncoding(client);
    });
    this.#events ??= events;
    await this.#counts.refresh();
    this.#isOpen = true;
  }

  async put(push: StoredPush, duplicateWindowMs = DUPLICATE_WINDOW_MS): Promise<"stored" | "duplicate"> {
    if (this.#isClosed) throw new AirudderError("inbox_unavailable", "The inbox is closed.");
    try {
      const result = await this.#puts.put(push, duplicateWindowMs);
      this.#isOpen = true;
      return result;
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  consume(consumer: Consumer<Transaction>): void {
    const { settings } = this;
    const events = this.#events as InboxEvents;
    const worker = new Worker(settings, consumer, events, (state) => this.#counts.onEnded(state));
    this.#worker = worker;
    this.#puts.worker = worker;
    this.#notifications?.listen(
      () => worker.wake(),
      (error) =>
        events.warn?.(
          "AIRUDDER_NOTIFY_UNAVAILABLE",
          `LISTEN on "notifyPool" failed: ${describeThrown(error)} Until it works, idle workers see the pushes of other processes later, after 500 ms at most.`,
        ),
    );
    this.#retention.start();
  }

  /** Wakes the workers of all processes. */
  #onDue(): void {
    this.#worker?.wake();
    this.#notifications?.notify();
  }

  /** Waits while an earlier push of the subject is unfinished, in any process. Rejects with `busy` after `timeoutMs`. */
  async replay(push: StoredPush): Promise<Consumed> {
    const worker = this.#worker;
    if (worker === undefined) {
      throw new AirudderError(
        "busy",
        "This process only stores pushes. Send the replay to a process that handles them.",
      );
    }
    await this.#waitForSubject(push);
    return worker.replay(push);
  }

  async #waitForSubject(push: StoredPush): Promise<void> {
    const subject = subjectColumn(push.subject);
    if (subject === null) return;
    const { schema, timeoutMs } = this.settings;
    const text = `select position::text as last from ${schema}.pushes
      where subject = $1 and state in ('blocked', 'waiting', 'running') and position <= $2 order by position desc limit 1`;
    let last = "9223372036854775807";
    for (const end = performance.now() + timeoutMs; ; ) {
      const [row] = await this.#with((client) => select<{ last: string }>(client, text, [subject, last]));
      if (row === undefined) return;
      // Do not wait for pushes that are stored later.
      last = row.last;
      if (performance.now() > end || this.#isClosed) {
        throw new AirudderError("busy", "The replay waited too long for earlier pushes. Replay the push later.");
      }
      await sleep(REPLAY_POLL_MS);
    }
  }

  async dead(id?: string): Promise<readonly DeadPush[]> {
    const text = `select id, type, extract(epoch from received_at)::double precision * 1000 as received_at, state, quarantined, attempts, error
      from ${this.settings.schema}.pushes where state in ('dead', 'quarantined') ${id === undefined ? "" : "and id = $1"} order by position`;
    const rows = await this.#with((client) =>
      select<DeadRow>(client, text, id === undefined ? [] : [storableText(id)]),
    );
    return rows.map(({ id, type, received_at, state, quarantined, attempts, error }) => ({
      id,
      type: type as PushType,
      receivedAt: new Date(received_at),
      state,
      quarantined: quarantined || state === "quarantined",
      attempts,
      error: error ?? undefined,
    }));
  }

  async retry(id: string): Promise<boolean> {
    const isRetried = await this.#change("retry", id);
    if (isRetried) this.#onDue();
    return isRetried;
  }

  drop(id: string): Promise<boolean> {
    return this.#change("drop", id);
  }

  async #change(action: "retry" | "drop", id: string): Promise<boolean> {
    const text = `select ${this.settings.schema}.${action}($1, $2) as changed`;
    const [row] = await this.#with((client) => select<{ changed: boolean }>(client, text, [storableText(id), LOCK_MS]));
    if (row?.changed !== true) return false;
    await this.#counts.refresh().catch(() => undefined);
    return true;
  }

  state(): InboxState {
    return { open: this.#isOpen, ...this.#counts.state() };
  }

  async close(limitMs: number): Promise<void> {
    this.#isClosed = true;
    this.#retention.stop();
    this.#notifications?.stop();
    await this.#worker?.stop(limitMs);
    await this.#puts.settled();
    await this.#worker?.settled();
    this.#isOpen = false;
  }

  #with<T>(run: (client: PgClient) => Promise<T>): Promise<T> {
    return withConnection(this.settings.pool, LIMIT_MS, run);
  }
}

/** A database with another encoding rejects pushes with characters that its encoding lacks. */
async function requireEncoding(client: PgClient): Promise<void> {
  const [row] = await select<{ encoding: string }>(client, "select current_setting('server_encoding') as encoding");
  if (row === undefined || ["UTF8", "SQL_ASCII"].includes(row.encoding)) return;
  const message = `The database has the encoding ${row.encoding}. The inbox needs a database with the encoding UTF8.`;
  throw new AirudderError("inbox_unavailable", message);
}

interface DeadRow {
  readonly id: string;
  readonly type: string;
  readonly received_at: number;
  readonly state: DeadPush["state"];
  readonly quarantined: boolean;
  readonly attempts: number;
  readonly error: string | null;
}
