import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { isRejection, select, withConnection } from "./connection.js";
import type { PgPool } from "./pool.js";
import { storableText } from "./push-row.js";

/** Maximum number of marks in one statement. */
const MAX_BATCH = 500;
/** Time limit of one statement. */
const MARK_LIMIT_MS = 5_000;
/** How long a statement with several marks waits for the lock of a subject. */
const BATCH_LOCK_MS = 500;
/** How long a statement with one mark waits for the lock of its subject. */
const SINGLE_LOCK_MS = 100;
/** Delay before a retry after an error. */
const RETRY_MS = 250;

/** How an attempt ended. `waiting`: another one follows after `delayMs`. */
export interface Mark {
  readonly id: string;
  /** Token of the lease. */
  readonly lease: string;
  readonly subject: string | null;
  readonly state: "handled" | "ignored" | "waiting" | "dead" | "quarantined";
  /** Number of failed attempts. */
  readonly attempts: number;
  readonly error: string | null;
  /** `next`: the next attempt runs alone in its process. */
  readonly alone: "next" | null;
  readonly delayMs: number;
}

/** A mark as the function `finish` takes it. */
export function markRow(mark: Mark): object {
  return { ...mark, error: mark.error === null ? null : storableText(mark.error) };
}

/** What a mark changed. */
export interface Marked {
  readonly id: string;
  /** Whether a later push of the subject can start. */
  readonly unblocked: boolean;
}

interface Pending {
  readonly mark: Mark;
  readonly resolve: (marked: Marked | undefined) => void;
}

/** Records how attempts ended. Marks that arrive while a statement runs share the next one. After an error, it retries. */
export class MarkQueue {
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    private readonly pool: PgPool,
    private readonly schema: string,
  ) {}

  /** Resolves when the mark is recorded; with `undefined` if the lease was lost before, or `stop` was called. */
  add(mark: Mark): Promise<Marked | undefined> {
    return new Promise((resolve) => {
      this.#pending.push({ mark, resolve });
      this.#running ??= this.#run();
    });
  }

  /** Tries to record each remaining mark at most once more. A mark that fails is lost: the lease of its push expires. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await setImmediate();
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, MAX_BATCH);
      try {
        await this.#record(batch, BATCH_LOCK_MS);
      } catch (error) {
        if (isRejection(error)) await Promise.all(batch.map((each) => this.#recordSingly(each)));
        else await this.#postpone(batch);
      }
    }
    this.#running = undefined;
  }

  /** Keeps the marks for a retry after the connection has failed. After `stop`, gives up. */
  async #postpone(batch: readonly Pending[]): Promise<void> {
    if (this.#isStopped) {
      for (const { resolve } of batch) resolve(undefined);
      return;
    }
    this.#pending.unshift(...batch);
    await sleep(RETRY_MS);
  }

  /** Records one mark, with retries. Another transaction may lock its subject for a long time, so other marks do not wait for it. */
  async #recordSingly(pending: Pending): Promise<void> {
    const retry = async (): Promise<void> => {
      await sleep(RETRY_MS);
      if (this.#isStopped) pending.resolve(undefined);
      else await this.#recordSingly(pending);
    };
    await this.#record([pending], SINGLE_LOCK_MS).catch(() => void retry());
  }

  async #record(batch: readonly Pending[], lockMs: number): Promise<void> {
    const rows = JSON.stringify(batch.map(({ mark }) => markRow(mark)));
    const text = `select id, unblocked from ${this.schema}.finish($1, null, $2)`;
    const marked = await withConnection(this.pool, MARK_LIMIT_MS, (client) =>
      select<Marked>(client, text, [rows, lockMs]),
    );
    const byId = new Map(marked.map((each) => [each.id, each]));
    for (const { mark, resolve } of batch) resolve(byId.get(mark.id));
  }
}
