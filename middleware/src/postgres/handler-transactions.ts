import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AbortableAttempt, AttemptLost } from "../inbox/attempts.js";
import type { Attempt, Consumer, StoredPush } from "../inbox/inbox.js";
import { type ClaimedPush, markOf } from "./claimed-push.js";
import { isRejection, LOCK_NOT_AVAILABLE, select, withConnection } from "./connection.js";
import { type Marked, markRow } from "./mark-queue.js";
import type { PostgresInboxSettings } from "./options.js";
import { CommitUnknown, HandlerTransaction, Slots } from "./transaction.js";

/** How long the last statement of a handler's transaction waits for the lock of its subject. */
const COMMIT_LOCK_MS = 3_000;
/** How much longer than `timeoutMs` the transaction of an attempt may be idle. */
const IDLE_MARGIN_MS = 5_000;
const MAX_INTEGER = 2 ** 31 - 1;
/** Time limit of the statement that reads whether a transaction was committed, and the delay before it is repeated. */
const READ_LIMIT_MS = 5_000;
const READ_RETRY_MS = 500;
/** Number of connections that handlers leave for storing pushes, marks and leases. */
const RESERVED_CONNECTIONS = 3;
/** Default of `max` of a pg.Pool. */
const DEFAULT_POOL_MAX = 10;

/** Runs the consumer with a transaction for each attempt, and records in that transaction that the push is handled. */
export class HandlerTransactions<Transaction> {
  readonly #slots: Slots;
  readonly #open = new Map<StoredPush, HandlerTransaction>();
  readonly #commits = new Set<Promise<void>>();
  #isStopped = false;

  /** @param onCommitted called for a push whose transaction was committed */
  constructor(
    private readonly settings: PostgresInboxSettings,
    private readonly consumer: Consumer<Transaction>,
    private readonly onCommitted: (claimed: ClaimedPush, marked: Marked) => void,
  ) {
    const max = settings.pool.options?.max ?? DEFAULT_POOL_MAX;
    // With a pool of one connection, a transaction would occupy the connection that must renew its lease.
    this.#slots = new Slots(max === 1 ? 0 : Math.max(1, max - RESERVED_CONNECTIONS));
  }

  /**
   * Runs the consumer. If it has used the transaction, commits or rolls back before the attempt ends.
   * @param claimed the push as it was claimed; `undefined` for a replay, which is not recorded
   */
  run(push: StoredPush, claimed: ClaimedPush | undefined, attempt: AbortableAttempt): unknown {
    const { pool, timeoutMs } = this.settings;
    const attemptId = claimed?.lease ?? randomUUID();
    const maxIdleMs = Math.min(timeoutMs + IDLE_MARGIN_MS, MAX_INTEGER);
    const transaction = new HandlerTransaction(pool, attemptId, maxIdleMs, this.#slots);
    this.#open.set(push, transaction);
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

  /** Closes the transaction of an attempt that has ended. */
  end(push: StoredPush): void {
    this.#open.get(push)?.destroy();
    this.#open.delete(push);
  }

  /** Waits for the running commits, without retries. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#commits);
  }

  /** Closes all transactions, which rolls them back. */
  destroy(): void {
    for (const transaction of this.#open.values()) transaction.destroy();
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
        const mark = markOf(claimed, { state: "handled", attempts: attempt.number - 1 });
        const text = `select id, unblocked from ${this.settings.schema}.finish($1, $2, $3)`;
        const values = [JSON.stringify([markRow(mark)]), claimed.lease, COMMIT_LOCK_MS];
        [marked] = await select<Marked>(client, text, values).catch(rethrowLockTimeout);
        if (marked === undefined)
          throw new AttemptLost("The lease of the push was lost, so its transaction was rolled back.");
      });
    } catch (error) {
      if (!(error instanceof CommitUnknown) || claimed === undefined) throw error;
      marked = await this.#readResult(claimed, error);
    }
    if (claimed !== undefined && marked !== undefined) this.onCommitted(claimed, marked);
  }

  /** Reads from the row of the push whether a COMMIT without a response took effect. */
  async #readResult({ id, lease }: ClaimedPush, error: CommitUnknown): Promise<Marked> {
    const { pool, schema, leaseMs } = this.settings;
    for (const end = performance.now() + leaseMs; performance.now() < end && !this.#isStopped; ) {
      try {
        // `for update` waits until the transaction of the COMMIT has ended.
        const text = `select state, lease::text from ${schema}.pushes where id = $1 for update`;
        const [row] = await withConnection(pool, READ_LIMIT_MS, (client) =>
          select<{ state: string; lease: string | null }>(client, text, [id]),
        );
        if (row?.state === "handled") return { id, unblocked: true };
        if (row?.state === "running" && row.lease === lease) throw error;
        break;
      } catch (thrown) {
        if (thrown === error) throw error;
        await sleep(READ_RETRY_MS);
      }
    }
    throw new AttemptLost("It is unknown whether the transaction was committed.", { cause: error });
  }
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
