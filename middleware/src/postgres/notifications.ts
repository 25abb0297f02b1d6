import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { select, withConnection, withLimit } from "./connection.js";
import type { PgNotification, PgPool } from "./pool.js";

/** Minimum interval of the notifications of one process. Workers that find pushes poll more often than this. */
const INTERVAL_MS = 50;
/** Delay after an error. */
const RETRY_MS = 1_000;
/** Time limit of each statement. */
const LIMIT_MS = 3_000;
/** How often a statement checks that the listening connection still works. */
const CHECK_MS = 30_000;

const unref = { ref: false };

/**
 * Wakes the idle workers of other processes when a push is stored, with NOTIFY and LISTEN on connections of their own.
 *
 * NOTIFY does not run in the transaction that stores pushes: it would block all other transactions with a NOTIFY until it commits. A
 * notification that is lost only delays a push, because workers poll too.
 */
export class Notifications {
  /** Identifies this process in its notifications, which its own worker skips. */
  readonly #process = randomUUID();
  #isPending = false;
  #isNotifying = false;
  #isStopped = false;
  #endListening: (() => void) | undefined;

  /** @param channel quoted name */
  constructor(
    private readonly pool: PgPool,
    private readonly channel: string,
  ) {}

  /** Notifies the workers of other processes soon. Never throws. */
  notify(): void {
    this.#isPending = true;
    if (!this.#isNotifying) void this.#notify();
  }

  /**
   * Calls `onNotified` after notifications of other processes, and after each new connection, until `stop`.
   * @param onFailed called for the first error of each outage
   */
  listen(onNotified: () => void, onFailed: (error: unknown) => void): void {
    void this.#listen(onNotified, onFailed);
  }

  stop(): void {
    this.#isStopped = true;
    this.#endListening?.();
  }

  async #notify(): Promise<void> {
    this.#isNotifying = true;
    while (this.#isPending && !this.#isStopped) {
      this.#isPending = false;
      const text = `notify ${this.channel}, '${this.#process}'`;
      const delayMs = await withConnection(this.pool, LIMIT_MS, (client) => select(client, text)).then(
        () => INTERVAL_MS,
        () => RETRY_MS,
      );
      await sleep(delayMs, undefined, unref);
    }
    this.#isNotifying = false;
  }

  async #listen(onNotified: () => void, onFailed: (error: unknown) => void): Promise<void> {
    let hasFailed = false;
    while (!this.#isStopped) {
      try {
        await this.#listenOnce(() => {
          hasFailed = false;
          onNotified();
        });
      } catch (error) {
        if (!hasFailed && !this.#isStopped) onFailed(error);
        hasFailed = true;
        await sleep(RETRY_MS, undefined, unref);
      }
    }
  }

  /** Listens until `stop`. Rejects if the connection breaks. */
  async #listenOnce(onNotified: () => void): Promise<void> {
    const client = await this.pool.connect();
    const onNotification = ({ payload }: PgNotification): void => {
      if (payload !== this.#process) onNotified();
    };
    let checks: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#endListening = resolve;
        client.on("error", reject);
        client.on("notification", onNotification);
        // Claims the pushes that were stored while nothing listened.
        withLimit(LIMIT_MS, () => select(client, `listen ${this.channel}`)).then(onNotified, reject);
        checks = setInterval(() => withLimit(LIMIT_MS, () => select(client, "select 1")).catch(reject), CHECK_MS);
        checks.unref();
        if (this.#isStopped) resolve();
      });
    } finally {
      clearInterval(checks);
      client.removeListener("notification", onNotification);
      // Destroys the connection: it still listens, so the pool must not reuse it.
      client.release(true);
    }
  }
}
