import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { AirudderError } from "../errors.js";
import { type AttemptResult, Attempts, retryDelayMs } from "../inbox/attempts.js";
import { ProcessEnded } from "../inbox/file/crash.js";
import type { Consumed, Consumer, InboxEvents, StoredPush } from "../inbox/inbox.js";
import { describeThrown } from "../observe/describe-error.js";
import { type Job, type NextRun, type Run, Scheduler } from "../work/scheduler.js";
import { type AttemptMark, type ClaimedPush, claimedPushOf, markOf, newClaimedPush } from "./claimed-push.js";
import { Claims } from "./claims.js";
import { select, withConnection } from "./connection.js";
import { HandlerTransactions } from "./handler-transactions.js";
import { Leases } from "./leases.js";
import { type Mark, type Marked, MarkQueue } from "./mark-queue.js";
import type { PostgresInboxSettings } from "./options.js";
import { subjectColumn } from "./push-row.js";

/** Time limit of the statement that records the start of an attempt that runs alone. */
const START_LIMIT_MS = 5_000;
/** Interval at which `releaseUnknown` retries. */
const RELEASE_INTERVAL_MS = 1_000;
/** Maximum number of claimed pushes, as a multiple of `concurrency`. It includes those that wait until a handler is registered. */
const MAX_CLAIMED = 2;
/** Maximum number of claimed and reserved pushes, as a multiple of `concurrency`. Only fast handlers reach it. */
const MAX_STORED = 4;

interface ReplayJob extends Job {
  run(): Promise<void>;
  reject(error: Error): void;
}

/** Runs the attempts of the pushes that it claims, and records their results. */
export class Worker<Transaction> {
  readonly #attempts: Attempts;
  readonly #marks: MarkQueue;
  readonly #leases: Leases<ClaimedPush>;
  readonly #scheduler: Scheduler<ClaimedPush | ReplayJob>;
  readonly #claims: Claims;
  readonly #transactions: HandlerTransactions<Transaction>;
  /** The claimed pushes whose attempt has not ended, by the object that the attempt gets. */
  readonly #claimed = new Map<StoredPush, ClaimedPush>();
  /** Number of claimed pushes whose attempt has not ended, without those that wait until a handler is registered. */
  #active = 0;
  /** Number of pushes that are being stored and may become claimed. */
  #reserved = 0;
  /** Number of attempts that have ended since the last estimate. */
  #ended = 0;
  #estimate = 0;
  /** The replays that have not started. */
  readonly #waitingReplays = new Set<ReplayJob>();
  #isStopped = false;

  constructor(
    private readonly settings: PostgresInboxSettings,
    consumer: Consumer<Transaction>,
    private readonly events: InboxEvents,
    private readonly onEnded: (state: Mark["state"]) => void,
  ) {
    const { pool, schema, concurrency, leaseMs } = settings;
    this.#transactions = new HandlerTransactions(settings, consumer, (claimed, marked) => {
      claimed.isMarked = true;
      this.#onMarked(marked, "handled");
    });
    this.#attempts = new Attempts(
      (push, attempt) => this.#transactions.run(push, this.#claimed.get(push), attempt),
      events,
      settings,
    );
    this.#marks = new MarkQueue(pool, schema);
    this.#leases = new Leases(pool, schema, leaseMs, (lost) => this.#onLost(lost));
    this.#scheduler = new Scheduler<ClaimedPush | ReplayJob>({
      concurrency,
      hold: (job) => ("push" in job ? this.#hold(job) : undefined),
      run: (job, run) => ("push" in job ? this.#run(job, run) : job.run().then(() => ({}))),
    });
    this.#claims = new Claims(settings, {
      room: () => this.#roomForClaim(),
      onClaimed: (rows, lease) => {
        this.#estimateEnds();
        this.#addAll(rows.map((row) => claimedPushOf(row, lease)));
      },
      onFailed: (error) =>
        events.warn?.("AIRUDDER_INBOX_UNAVAILABLE", `Pushes could not be claimed: ${describeThrown(error)}`),
    });
    this.#scheduler.start();
    this.wake();
  }

  /** Claims pushes as soon as there is room for them. */
  wake(): void {
    this.#claims.wake();
  }

  /** Number of pushes that can be claimed now. While a suspect waits or runs, no other push may run in this process. */
  get #room(): number {
    const { concurrency } = this.settings;
    for (const { isSuspect } of this.#claimed.values()) if (isSuspect) return Number.NEGATIVE_INFINITY;
    return Math.min(concurrency - this.#active, MAX_CLAIMED * concurrency - this.#claimed.size) - this.#reserved;
  }

  /** Resolves when a handler is registered; `undefined` if there is one. A push that waits for it does not count as active. */
  #hold(claimed: ClaimedPush): Promise<void> | undefined {
    const wait = this.events.waitForHandler?.(claimed.push);
    if (claimed.isHeld !== (wait !== undefined)) this.#active += claimed.isHeld ? 1 : -1;
    claimed.isHeld = wait !== undefined;
    if (wait !== undefined) this.#claims.resume();
    return wait;
  }

  /**
   * Estimates how many attempts end while a statement runs, from those that ended before the last statements. The estimate rises immediately,
   * and falls by half with each statement.
   */
  #estimateEnds(): number {
    this.#estimate = Math.max(this.#ended, this.#estimate >> 1);
    this.#ended = 0;
    return this.#estimate;
  }

  /** Number of pushes for the next claim. If no push is active, it includes room for the attempts that probably end meanwhile. */
  #roomForClaim(): number {
    return this.#active > 0
      ? this.#room
      : Math.min(this.#room + Math.max(this.#ended, this.#estimate), MAX_CLAIMED * this.settings.concurrency);
  }

  /**
   * Reserves room for pushes that are being stored, and returns for how many, at most `max`. The room includes that of the attempts that
   * probably end meanwhile. If other pushes wait for a claim, keeps a quarter of the room for them, at least 1.
   */
  reserve(max: number): number {
    const estimate = this.#estimateEnds();
    if (this.#isStopped) return 0;
    const limit = MAX_STORED * this.settings.concurrency - this.#claimed.size - this.#reserved;
    const room = Math.min(this.#room + estimate, limit);
    const count = Math.max(0, Math.min(max, this.#claims.isBehind ? room - Math.max(1, room >> 2) : room));
    this.#reserved += count;
    return count;
  }

  /**
   * Runs the attempts of pushes that were claimed when they were stored.
   * @param reserved what `reserve` returned
   */
  addStored(pushes: readonly StoredPush[], lease: string, reserved: number): void {
    this.#reserved -= reserved;
    this.#addAll(pushes.map((push) => newClaimedPush(push, lease)));
    if (pushes.length < reserved) this.#claims.resume();
  }

  /**
   * Gives back the pushes of a statement whose result is unknown: it may have claimed them. Postgres may still commit it, so the worker
   * retries until this has an effect, at most until the leases would have expired.
   */
  async releaseUnknown(pushes: readonly Pick<StoredPush, "id" | "subject">[], lease: string): Promise<void> {
    const marks = pushes.map(({ id, subject }) =>
      markOf({ id, lease, subjectColumn: subjectColumn(subject) }, { state: "waiting", attempts: 0 }),
    );
    const end = performance.now() + this.settings.leaseMs;
    let isCommitted = false;
    do {
      const marked = await Promise.all(marks.map((mark) => this.#marks.add(mark)));
      // One more round after the first effect: several statements record the marks, and some may have run before the commit.
      if (isCommitted) break;
      isCommitted = marked.some((each) => each !== undefined);
      if (!isCommitted) await sleep(RELEASE_INTERVAL_MS, undefined, { ref: false });
    } while (performance.now() < end && !this.#isStopped);
    this.wake();
  }

  #addAll(claimed: readonly ClaimedPush[]): void {
    for (const each of claimed) {
      const earlier = this.#leases.get(each.id);
      if (earlier !== undefined) this.#onLost(earlier);
      this.#leases.add(each);
    }
    const canRun = claimed.filter((each) => !each.isInterrupted);
    const suspect = [...this.#claimed.values(), ...canRun].find(({ isSuspect }) => isSuspect);
    for (const each of claimed) {
      if (this.#isStopped) void this.#release(each);
      else if (each.isInterrupted) this.#endInterrupted(each);
      else if (suspect !== undefined && each !== suspect) void this.#release(each);
      else this.#add(each);
    }
  }

  #add(claimed: ClaimedPush): void {
    this.#active++;
    this.#claimed.set(claimed.push, claimed);
    this.#scheduler.add(claimed, { isExclusive: claimed.isSuspect });
  }

  /** Records the last attempt as failed: its process ended, or stopped responding, while the push ran alone. */
  #endInterrupted(claimed: ClaimedPush): void {
    const { attempts } = claimed;
    const delayMs = retryDelayMs(Math.max(1, attempts), this.settings);
    void this.#markInterrupted(claimed, attempts, delayMs);
    if (attempts > this.settings.retries) return;
    this.#claims.wakeIn(delayMs);
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
    const { attempts, error } = claimed;
    return claimed.isAlone
      ? this.#markInterrupted(claimed, attempts + 1, retryDelayMs(attempts + 1, this.settings))
      : this.#mark(claimed, { state: "waiting", attempts, error, alone: "next" });
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
    const { attempts, error, isSuspect } = claimed;
    return this.#mark(claimed, { state: "waiting", attempts, error, alone: isSuspect ? "next" : null, delayMs });
  }

  #run(claimed: ClaimedPush, run: Run): NextRun | Promise<NextRun> {
    if (this.#leases.get(claimed.id) !== claimed) {
      // The lease was lost while the push waited, so another process may handle it.
      this.#forget(claimed);
      return {};
    }
    return run.isExclusive ? this.#startAlone(claimed, run) : this.#attempt(claimed);
  }

  async #startAlone(claimed: ClaimedPush, run: Run): Promise<NextRun> {
    const { pool, schema } = this.settings;
    try {
      const text = `select ${schema}.start_alone($1, $2) as started`;
      const [row] = await withConnection(pool, START_LIMIT_MS, (client) =>
        select<{ started: boolean }>(client, text, [claimed.id, claimed.lease]),
      );
      if (row?.started === true && !run.isAbandoned) {
        claimed.isAlone = true;
        return this.#attempt(claimed);
      }
      if (row?.started !== true) this.#leases.remove(claimed);
    } catch {
      // Without the record, a crash of this process would not count as a failed attempt. So give the push back.
    }
    this.#forget(claimed);
    return { recorded: this.#release(claimed) };
  }

  #attempt(claimed: ClaimedPush): NextRun | Promise<NextRun> {
    const { push, isRetry } = claimed;
    const number = claimed.attempts + 1;
    return this.#attempts.run(push, { number, isRetry }, (result) => this.#record(claimed, number, result));
  }

  #record(claimed: ClaimedPush, number: number, result: AttemptResult): NextRun {
    this.#transactions.end(claimed.push);
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
        this.#claims.wakeIn(delayMs);
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

  /** Removes a push whose attempt has ended or will not start. */
  #forget(claimed: ClaimedPush): void {
    if (!this.#claimed.delete(claimed.push)) return;
    if (!claimed.isHeld) this.#active--;
    this.#ended++;
    this.#claims.resume();
  }

  async #mark(claimed: ClaimedPush, mark: AttemptMark): Promise<void> {
    if (claimed.isMarked) return;
    claimed.isMarked = true;
    const marked = await this.#marks.add(markOf(claimed, mark));
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

  /** Runs a replay after the pushes of its subject that this process has claimed. */
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
            .finally(() => this.#transactions.end(push));
        },
      };
      this.#waitingReplays.add(job);
      this.#scheduler.add(job);
    });
  }

  /** Stops starting attempts. Waits at most `limitMs` for the running ones, then aborts them. Gives back the unfinished pushes. */
  async stop(limitMs: number): Promise<void> {
    this.#isStopped = true;
    const claiming = this.#claims.stop();
    const handling = this.#scheduler.stop(limitMs);
    for (const { reject } of this.#waitingReplays) reject(replayRefusal());
    await claiming;
    await handling;
    this.#attempts.abort();
    await this.#transactions.stop();
    // Lets the aborted attempts record their results first.
    await setImmediate();
    this.#transactions.destroy();
    const released = this.#leases.all().map((claimed) => this.#release(claimed));
    await this.#marks.stop();
    await Promise.all(released);
    this.#leases.stop();
  }

  /** Resolves when the pushes that were added after `stop` are given back. */
  async settled(): Promise<void> {
    await this.#marks.stop();
  }
}

function replayRefusal(): AirudderError {
  return new AirudderError("busy", "The receiver is closing; replay the push later.");
}
