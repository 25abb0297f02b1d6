import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AirudderError } from "../errors.js";
import { type AbortableAttempt, AttemptLost, type AttemptResult, Attempts, retryDelayMs } from "../inbox/attempts.js";
import { ProcessEnded } from "../inbox/file/crash.js";
import type { Attempt, Consumed, Consumer, InboxEvents, StoredPush } from "../inbox/inbox.js";
import { describeThrown } from "../observe/describe-error.js";
import { type Job, type NextRun, type Run, Scheduler } from "../work/scheduler.js";
import { isRejection, LOCK_NOT_AVAILABLE, select, withConnection } from "./connection.js";
import { type Leased, Leases } from "./leases.js";
import { type Mark, type Marked, MarkQueue, markRow } from "./mark-queue.js";
import type { PostgresInboxSettings } from "./options.js";
import { type ClaimedRow, pushOf } from "./push-row.js";
import { CommitUnknown, HandlerTransaction, Slots } from "./transaction.js";

/** Time limit of the statement that claims pushes. */
const CLAIM_LIMIT_MS = 5_000;
/** Delays between claims that find nothing: the first one, and the maximum. */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 500;
/** Maximum number of claimed pushes, with those that wait for a handler, as a multiple of `concurrency`. */
const MAX_CLAIMED = 2;
/** Interval of the claims that look at all pushes. The others look only at pushes that became due since the last claim. */
const FULL_CLAIM_MS = 30_000;
/** These other claims also look at pushes that became due this long before the last claim. */
const OVERLAP_MS = 10_000;
/** More than the age of any push. */
const ALL_MS = 100 * 365 * 24 * 60 * 60 * 1_000;
/** How long the last statement of a handler's transaction waits for the lock of its subject. */
const COMMIT_LOCK_MS = 3_000;
/** How much longer than `timeoutMs` the transaction of an attempt may be idle. */
const IDLE_MARGIN_MS = 5_000;
const MAX_INTEGER = 2 ** 31 - 1;
/** Connections of the pool that are left for storing pushes, marks and leases. */
const RESERVED_CONNECTIONS = 3;
/** Default of `max` of a pg.Pool. */
const DEFAULT_POOL_MAX = 10;

/** A push that this process has claimed, until its result is recorded. */
interface ClaimedPush extends Job, Leased {
  readonly push: StoredPush;
  readonly row: ClaimedRow;
  /** Whether an earlier attempt may have ended its process. A suspect runs alone in its process. */
  readonly isSuspect: boolean;
  /** Whether the start of an attempt that runs alone is recorded. */
  isAlone: boolean;
  /** Whether its mark is queued, or was committed in the transaction of its handler. */
  isMarked: boolean;
  /** Whether it waits until a handler is registered. */
  isHeld: boolean;
}

interface ReplayJob extends Job {
  run(): Promise<void>;
  reject(error: Error): void;
}

/** Claims stored pushes and runs their attempts. */
export class Worker<Transaction> {
  readonly #attempts: Attempts;
  readonly #marks: MarkQueue;
  readonly #leases: Leases<ClaimedPush>;
  readonly #scheduler: Scheduler<ClaimedPush | ReplayJob>;
  readonly #slots: Slots;
  readonly #transactions = new Map<StoredPush, HandlerTransaction>();
  /** The claimed pushes by the object that their attempt gets. */
  readonly #claimed = new Map<StoredPush, ClaimedPush>();
  /** Number of claimed pushes whose attempt has not ended. */
  #active = 0;
  readonly #commits = new Set<Promise<void>>();
  /** The replays that have not started. */
  readonly #waitingReplays = new Set<ReplayJob>();
  /** When a claim last looked at all pushes, as `performance.now()`. */
  #claimedAllAt = Number.NEGATIVE_INFINITY;
  /** Pushes that were due before this time are claimed, as `performance.now()`. */
  #claimedUntil = Number.NEGATIVE_INFINITY;
  #pollMs = MIN_POLL_MS;
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | undefined;
  #isWoken = false;
  #isStopped = false;

  constructor(
    private readonly settings: PostgresInboxSettings,
    private readonly consumer: Consumer<Transaction>,
    private readonly events: InboxEvents,
    private readonly onEnded: (state: Mark["state"]) => void,
  ) {
    const { pool, schema, concurrency, leaseMs } = settings;
    const max = pool.options?.max ?? DEFAULT_POOL_MAX;
    // With one connection, a transaction would keep its own lease from being renewed.
    this.#slots = new Slots(max === 1 ? 0 : Math.max(1, max - RESERVED_CONNECTIONS));
    this.#attempts = new Attempts((push, attempt) => this.#consume(push, attempt), events, settings);
    this.#marks = new MarkQueue(pool, schema);
    this.#leases = new Leases(pool, schema, leaseMs, (lost) => this.#onLost(lost));
    this.#scheduler = new Scheduler<ClaimedPush | ReplayJob>({
      concurrency,
      hold: (job) => ("push" in job ? this.#hold(job) : undefined),
      run: (job, run) => ("push" in job ? this.#run(job, run) : job.run().then(() => ({}))),
    });
    this.#scheduler.start();
    this.wake();
  }

  /** Claims pushes as soon as there is room for them. */
  wake(): void {
    this.#pollMs = MIN_POLL_MS;
    this.#isWoken = true;
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped || this.#claiming !== undefined) return;
    clearTimeout(this.#timer);
    if (delayMs > 0) this.#timer = setTimeout(() => this.#startClaim(), delayMs);
    else this.#startClaim();
  }

  #startClaim(): void {
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined;
      this.#schedule(this.#isWoken && this.#room > 0 ? 0 : this.#pollMs);
    });
  }

  /** Number of pushes that can be claimed now. While a suspect waits or runs, no other push may run in this process. */
  get #room(): number {
    const { concurrency } = this.settings;
    for (const { isSuspect } of this.#claimed.values()) if (isSuspect) return 0;
    return Math.min(concurrency - this.#active, MAX_CLAIMED * concurrency - this.#claimed.size);
  }

  /** Resolves when a handler is registered; `undefined` if there is one. A push that waits for it does not count as active. */
  #hold(claimed: ClaimedPush): Promise<void> | undefined {
    const wait = this.events.waitForHandler?.(claimed.push);
    if (claimed.isHeld !== (wait !== undefined)) this.#active += claimed.isHeld ? 1 : -1;
    claimed.isHeld = wait !== undefined;
    if (wait !== undefined && this.#isWoken) this.#schedule(0);
    return wait;
  }

  async #claim(): Promise<void> {
    // Pushes that are stored, and attempts that end, in the same turn of the event loop share one claim.
    await setImmediate();
    const count = this.#room;
    if (count <= 0) return;
    this.#isWoken = false;
    const { pool, schema, leaseMs } = this.settings;
    const lease = randomUUID();
    const now = performance.now();
    const isFull = now - this.#claimedAllAt > FULL_CLAIM_MS;
    const withinMs = isFull ? ALL_MS : now - this.#claimedUntil + OVERLAP_MS;
    let rows: ClaimedRow[];
    try {
      rows = await withConnection(pool, CLAIM_LIMIT_MS, (client) =>
        select<ClaimedRow>(client, `select * from ${schema}.claim($1, $2, $3, $4)`, [count, lease, leaseMs, withinMs]),
      );
    } catch (error) {
      this.#pollMs = MAX_POLL_MS;
      this.events.warn?.("AIRUDDER_INBOX_UNAVAILABLE", `Pushes could not be claimed: ${describeThrown(error)}`);
      return;
    }
    if (isFull) this.#claimedAllAt = now;
    this.#claimedUntil = now;
    if (rows.length === count) {
      // There may be more pushes. The claimed ones have been due for the longest time.
      this.#claimedUntil -= Math.min(...rows.map(({ waited_ms }) => waited_ms));
      this.#isWoken = true;
    }
    this.#pollMs = rows.length > 0 ? MIN_POLL_MS : Math.min(this.#pollMs * 2, MAX_POLL_MS);
    this.#addAll(
      rows.sort((a, b) => b.waited_ms - a.waited_ms),
      lease,
    );
  }

  #addAll(rows: readonly ClaimedRow[], lease: string): void {
    const claimed = rows.map((row) => this.#claimedOf(row, lease));
    for (const each of claimed) {
      const earlier = this.#leases.get(each.id);
      if (earlier !== undefined) this.#onLost(earlier);
      this.#leases.add(each);
    }
    const suspect = claimed.find(({ isSuspect }) => isSuspect);
    for (const each of claimed) {
      if (this.#isStopped || (suspect !== undefined && each !== suspect)) void this.#release(each);
      else if (each.row.was_expired && each.row.was_alone === "started") this.#endInterrupted(each);
      else this.#add(each);
    }
  }

  #claimedOf(row: ClaimedRow, lease: string): ClaimedPush {
    const push = pushOf(row);
    const isSuspect = row.was_expired || row.was_alone !== null;
    return {
      id: row.id,
      lease,
      subject: push.subject,
      push,
      row,
      isSuspect,
      isAlone: false,
      isMarked: false,
      isHeld: false,
    };
  }

  #add(claimed: ClaimedPush): void {
    this.#active++;
    this.#claimed.set(claimed.push, claimed);
    this.#scheduler.add(claimed, { isExclusive: claimed.isSuspect });
  }

  /** Records the last attempt as failed: its process ended, or stopped responding, while the push ran alone. */
  #endInterrupted(claimed: ClaimedPush): void {
    const { attempts } = claimed.row;
    const delayMs = retryDelayMs(Math.max(1, attempts), this.settings);
    void this.#markInterrupted(claimed, attempts, delayMs);
    if (attempts > this.settings.retries) return;
    this.#wakeIn(delayMs);
    this.events.warn?.(
      "AIRUDDER_PROCESS_ENDED",
      `A process ended while the push ${claimed.id} of type ${claimed.push.type} ran alone (attempt ${attempts} of ${this.settings.retries + 1}). It runs alone again in ${delayMs} ms.`,
    );
  }

  /**
   * Records an attempt that `stop` aborted. The app may be closing because of this push, so its next attempt runs alone. An attempt that
   * already ran alone has failed.
   */
  #endAborted(claimed: ClaimedPush): Promise<void> {
    const { attempts } = claimed.row;
    return claimed.isAlone
      ? this.#markInterrupted(claimed, attempts + 1, retryDelayMs(attempts + 1, this.settings))
      : this.#mark(claimed, { state: "waiting", attempts, error: claimed.row.error, alone: "next" });
  }

  async #markInterrupted(claimed: ClaimedPush, attempts: number, delayMs: number): Promise<void> {
    const error = new ProcessEnded();
    const mark = { attempts, error: describeThrown(error) };
    if (attempts <= this.settings.retries) {
      await this.#mark(claimed, { ...mark, state: "waiting", alone: "next", delayMs });
      return;
    }
    this.events.dead({ id: claimed.id, type: claimed.push.type }, attempts, error);
    await this.#mark(claimed, { ...mark, state: "dead" });
  }

  /** Gives a claimed push back. Its attempt, if there was one, does not count. */
  #release(claimed: ClaimedPush, delayMs = 0): Promise<void> {
    const { row, isSuspect } = claimed;
    return this.#mark(claimed, {
      state: "waiting",
      attempts: row.attempts,
      error: row.error,
      alone: isSuspect ? "next" : null,
      delayMs,
    });
  }

  #run(claimed: ClaimedPush, run: Run): NextRun | Promise<NextRun> {
    return run.isExclusive ? this.#startAlone(claimed, run) : this.#attempt(claimed);
  }

  async #startAlone(claimed: ClaimedPush, run: Run): Promise<NextRun> {
    const { pool, schema } = this.settings;
    try {
      const text = `select ${schema}.start_alone($1, $2) as started`;
      const [row] = await withConnection(pool, CLAIM_LIMIT_MS, (client) =>
        select<{ started: boolean }>(client, text, [claimed.id, claimed.lease]),
      );
      if (row?.started === true && !run.isAbandoned) {
        claimed.isAlone = true;
        return this.#attempt(claimed);
      }
      if (row?.started !== true) this.#leases.remove(claimed);
    } catch {
      // Without the record, a crash of this process would not count. The push is given back.
    }
    this.#forget(claimed);
    return { recorded: this.#release(claimed) };
  }

  #attempt(claimed: ClaimedPush): NextRun | Promise<NextRun> {
    const { push, row } = claimed;
    const number = row.attempts + 1;
    return this.#attempts.run(push, { number, isRetry: row.is_retry }, (result) =>
      this.#record(claimed, number, result),
    );
  }

  #record(claimed: ClaimedPush, number: number, result: AttemptResult): NextRun {
    this.#transactions.get(claimed.push)?.destroy();
    this.#transactions.delete(claimed.push);
    this.#forget(claimed);
    if (claimed.isMarked) {
      this.#leases.remove(claimed);
      return {};
    }
    switch (result.state) {
      case "handled":
      case "ignored":
        return { recorded: this.#mark(claimed, { state: result.state, attempts: number - 1 }) };
      case "failed": {
        const { message: error, delayMs } = result;
        this.#wakeIn(delayMs);
        return { recorded: this.#mark(claimed, { state: "waiting", attempts: number, error, delayMs }) };
      }
      case "dead":
      case "quarantined":
        return { recorded: this.#mark(claimed, { state: result.state, attempts: number, error: result.message }) };
      case "aborted":
        return {
          recorded: this.#isStopped ? this.#endAborted(claimed) : this.#release(claimed, this.settings.retryMs),
        };
    }
  }

  /** Removes a push whose attempt has ended or does not take place. */
  #forget(claimed: ClaimedPush): void {
    if (!this.#claimed.delete(claimed.push)) return;
    if (!claimed.isHeld) this.#active--;
    if (this.#isWoken) this.#schedule(0);
  }

  #markOf(
    { id, lease, row }: ClaimedPush,
    { error = null, alone = null, delayMs = 0, ...mark }: Pick<Mark, "state" | "attempts"> & Partial<Mark>,
  ): Mark {
    return { ...mark, id, lease, subject: row.subject, error, alone, delayMs };
  }

  async #mark(claimed: ClaimedPush, mark: Pick<Mark, "state" | "attempts"> & Partial<Mark>): Promise<void> {
    if (claimed.isMarked) return;
    claimed.isMarked = true;
    const marked = await this.#marks.add(this.#markOf(claimed, mark));
    this.#leases.remove(claimed);
    this.#onMarked(marked, mark.state);
  }

  #onMarked(marked: Marked | undefined, state: Mark["state"]): void {
    if (marked === undefined) return;
    this.onEnded(state);
    if (marked.unblocked) this.wake();
  }

  #onLost(claimed: ClaimedPush): void {
    this.events.warn?.(
      "AIRUDDER_LEASE_LOST",
      `This process did not renew its lease of the push ${claimed.id} in time. Another process may handle it now.`,
    );
    this.#attempts.abort(claimed.push, new Error("Another process may handle the push now."));
  }

  #wakeIn(delayMs: number): void {
    if (delayMs > MAX_POLL_MS || this.#isStopped) return;
    setTimeout(() => this.wake(), delayMs + 1).unref();
  }

  /** Runs the consumer with a transaction, which also records the result if the handler used it. */
  #consume(push: StoredPush, attempt: AbortableAttempt): unknown {
    const claimed = this.#claimed.get(push);
    const { pool, timeoutMs } = this.settings;
    const attemptId = claimed?.lease ?? randomUUID();
    const maxIdleMs = Math.min(timeoutMs + IDLE_MARGIN_MS, MAX_INTEGER);
    const transaction = new HandlerTransaction(pool, attemptId, maxIdleMs, this.#slots);
    this.#transactions.set(push, transaction);
    const context = new AttemptContext<Transaction>(attempt, transaction, () => {
      const commit = this.#commit(claimed, transaction, attempt);
      this.#commits.add(commit);
      commit.catch(() => undefined).finally(() => this.#commits.delete(commit));
      return commit;
    });
    let returned: unknown;
    try {
      returned = this.consumer(push, context);
    } catch (error) {
      if (!transaction.isUsed) throw error;
      return transaction.rollback().then(() => Promise.reject(error));
    }
    if (!(returned instanceof Promise) && !transaction.isUsed) return returned;
    return Promise.resolve(returned).then(
      async (result) => {
        await context.commit();
        return result;
      },
      async (error) => {
        await transaction.rollback();
        throw error;
      },
    );
  }

  async #commit(
    claimed: ClaimedPush | undefined,
    transaction: HandlerTransaction,
    attempt: AbortableAttempt,
  ): Promise<void> {
    attempt.isEnding = true;
    let marked: Marked | undefined;
    try {
      await transaction.commit(async (client) => {
        if (claimed === undefined) return;
        const mark = this.#markOf(claimed, { state: "handled", attempts: attempt.number - 1 });
        const text = `select id, unblocked from ${this.settings.schema}.finish($1, $2, $3)`;
        const values = [JSON.stringify([markRow(mark)]), claimed.lease, COMMIT_LOCK_MS];
        [marked] = await select<Marked>(client, text, values).catch(rethrowLockTimeout);
        if (marked === undefined)
          throw new AttemptLost("The lease of the push was lost, so its transaction was rolled back.");
      });
    } catch (error) {
      if (!(error instanceof CommitUnknown) || claimed === undefined) throw error;
      marked = await this.#readCommitResult(claimed, error);
    }
    if (claimed !== undefined) claimed.isMarked = true;
    this.#onMarked(marked, "handled");
  }

  /** Reads from the row of the push whether a COMMIT without a response took effect. */
  async #readCommitResult({ id, lease }: ClaimedPush, error: CommitUnknown): Promise<Marked> {
    const { pool, schema, leaseMs } = this.settings;
    for (const end = performance.now() + leaseMs; performance.now() < end && !this.#isStopped; ) {
      try {
        // The lock waits until the session of the COMMIT has ended.
        const text = `select state, lease::text from ${schema}.pushes where id = $1 for update`;
        const [row] = await withConnection(pool, CLAIM_LIMIT_MS, (client) =>
          select<{ state: string; lease: string | null }>(client, text, [id]),
        );
        if (row?.state === "handled") return { id, unblocked: true };
        if (row?.state === "running" && row.lease === lease) throw error;
        break;
      } catch (thrown) {
        if (thrown === error) throw error;
        await new Promise((resolve) => setTimeout(resolve, MAX_POLL_MS));
      }
    }
    throw new AttemptLost("It is unknown whether the transaction was committed.", { cause: error });
  }

  /** Runs a replay after the pushes that run in this process. */
  replay(push: StoredPush): Promise<Consumed> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped) {
        reject(replayRefusal());
        return;
      }
      const job: ReplayJob = {
        subject: push.subject,
        reject,
        run: () => {
          this.#waitingReplays.delete(job);
          return this.#attempts
            .replay(push)
            .then(resolve, reject)
            .finally(() => {
              this.#transactions.get(push)?.destroy();
              this.#transactions.delete(push);
            });
        },
      };
      this.#waitingReplays.add(job);
      this.#scheduler.add(job);
    });
  }

  /** Starts no more attempts, waits at most `limitMs` for the running ones, then aborts them and returns the unfinished pushes. */
  async stop(limitMs: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const handling = this.#scheduler.stop(limitMs);
    for (const { reject } of this.#waitingReplays) reject(replayRefusal());
    await this.#claiming;
    await handling;
    this.#attempts.abort();
    await Promise.allSettled(this.#commits);
    // The results of the aborted attempts come first.
    await setImmediate();
    for (const transaction of this.#transactions.values()) transaction.destroy();
    const released = this.#leases.all().map((claimed) => this.#release(claimed));
    await this.#marks.stop();
    await Promise.all(released);
    this.#leases.stop();
  }
}

function replayRefusal(): AirudderError {
  return new AirudderError("busy", "The receiver is closing; replay the push later.");
}

/** A lock timeout is not a failure of the handler: it throws `AttemptLost`, so the attempt does not count. Rethrows other errors. */
function rethrowLockTimeout(error: unknown): never {
  if (!isRejection(error) || error.code !== LOCK_NOT_AVAILABLE) throw error;
  const message =
    "Another transaction locked the subject of the push, so the transaction of the handler was rolled back.";
  throw new AttemptLost(message, { cause: error });
}

/** An attempt with the transaction of the inbox. */
class AttemptContext<Transaction> implements Attempt<Transaction> {
  #committing: Promise<void> | undefined;

  constructor(
    private readonly attempt: AbortableAttempt,
    private readonly handlerTransaction: HandlerTransaction,
    private readonly onCommit: () => Promise<void>,
  ) {}

  get number(): number {
    return this.attempt.number;
  }

  get isRetry(): boolean {
    return this.attempt.isRetry;
  }

  get signal(): AbortSignal {
    return this.attempt.signal;
  }

  get isAborted(): boolean {
    return this.attempt.isAborted;
  }

  get transaction(): Transaction {
    return this.handlerTransaction.client as Transaction;
  }

  commit(): Promise<void> | undefined {
    if (!this.handlerTransaction.isUsed || this.attempt.isAborted) return this.#committing;
    this.#committing ??= this.onCommit();
    return this.#committing;
  }
}
