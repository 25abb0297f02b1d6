import { AirudderError } from "../errors.js";
import { Attempts } from "../inbox/attempts.js";
import type { Consumed, Consumer, DeadPush, Inbox, InboxEvents, InboxState, StoredPush } from "../inbox/inbox.js";
import { type Connected, QueueConnection } from "./connection.js";
import { readCounts } from "./counts.js";
import { dropDead, listDead, retryDead } from "./dead-pushes.js";
import { Reservation } from "./duplicates.js";
import { findWeakGuarantees } from "./durability.js";
import { dataOf } from "./job-data.js";
import { type BullmqInboxOptions, type BullmqInboxSettings, checkBullmqInboxOptions } from "./options.js";
import { RedisErrors } from "./redis-errors.js";
import type { TimeLimit } from "./time-limit.js";
import { PushWorker } from "./worker.js";

/** Time limit of `put`, after which the response is 503. Milliseconds. */
const PUT_LIMIT_MS = 3_000;
/** Time limit of the other operations. Milliseconds. */
const OPERATION_LIMIT_MS = 10_000;
/** Interval at which the counts of `state()` are read. Milliseconds. */
const COUNTS_INTERVAL_MS = 1_000;
/** Default of `duplicateWindowMs`. Milliseconds. */
const DEFAULT_WINDOW_MS = 3_600_000;

/**
 * An inbox in a queue of BullMQ on Redis. Several processes and machines can share it: each of them can store pushes, handle them, or both.
 * Needs the packages `bullmq` 6 and `ioredis`.
 *
 * - It acknowledges a push when its job is in Redis. How much a crash of Redis can lose depends on the settings of Redis: `ready()` warns
 *   about those that do not keep every push.
 * - It detects duplicates across all processes.
 * - It retries failed pushes with increasing delays, then keeps them as dead: they are BullMQ's failed jobs, and its dashboards show them.
 * - If a process dies, its pushes run again in another one after `leaseMs`.
 * - It does not keep the order per subject: pushes of one subject may run in parallel and in another order. Use `newestState` for states.
 * @throws AirudderError `invalid_option`
 * @example airudder({ inbox: bullmqInbox({ queue: "airudder", connection: { host: "127.0.0.1", port: 6379 } }) })
 */
export function bullmqInbox(options: BullmqInboxOptions): Inbox {
  return new BullmqInbox(checkBullmqInboxOptions(options));
}

class BullmqInbox implements Inbox {
  readonly capabilities = { shared: true, order: false };
  readonly detectsDuplicates = true;
  readonly #connection: QueueConnection;
  readonly #errors: RedisErrors;
  #events: InboxEvents | undefined;
  #attempts: Attempts | undefined;
  #worker: PushWorker | undefined;
  #counts: Omit<InboxState, "open"> = { queued: 0, oldest: undefined, dead: 0 };
  /** The pushes that are being stored. */
  readonly #puts = new Set<Promise<unknown>>();
  #countTimer: NodeJS.Timeout | undefined;
  #isCounting = false;

  constructor(private readonly settings: BullmqInboxSettings) {
    this.#errors = new RedisErrors((message) => this.#warn("AIRUDDER_INBOX_REDIS", message));
    this.#connection = new QueueConnection(settings, this.#errors.add);
  }

  async open(events: InboxEvents): Promise<void> {
    this.#events = events;
    // This also checks that Redis responds.
    this.#counts = await this.#connection.run(PUT_LIMIT_MS, ({ queue }) => readCounts(queue));
    if (this.#countTimer !== undefined) return;
    this.#countTimer = setInterval(() => this.#count(), COUNTS_INTERVAL_MS).unref();
    await this.#connection.run(PUT_LIMIT_MS, async ({ client }) => {
      for (const message of await findWeakGuarantees(client)) this.#warn("AIRUDDER_REDIS_DURABILITY", message);
    });
  }

  #warn(code: string, message: string): void {
    this.#events?.warn?.(code, `The inbox in the queue ${this.settings.queue}: ${message}`);
  }

  #count(): void {
    if (this.#isCounting || !this.#connection.isLive) return;
    this.#isCounting = true;
    this.#connection
      .run(OPERATION_LIMIT_MS, ({ queue }) => readCounts(queue))
      .then(
        (counts) => {
          this.#counts = counts;
        },
        (error) => this.#errors.add(error),
      )
      .finally(() => {
        this.#isCounting = false;
      });
  }

  put(push: StoredPush, duplicateWindowMs = DEFAULT_WINDOW_MS): Promise<"stored" | "duplicate"> {
    const putting = this.#put(push, duplicateWindowMs);
    this.#puts.add(putting);
    const end = (): void => void this.#puts.delete(putting);
    putting.then(end, end);
    return putting;
  }

  async #put(push: StoredPush, duplicateWindowMs: number): Promise<"stored" | "duplicate"> {
    const limit = this.#connection.limit(PUT_LIMIT_MS);
    const connected = await this.#connection.whenLive(limit);
    return this.#connection.within(limit, this.#store(connected, push, duplicateWindowMs, limit));
  }

  /** Does not start to add a job after the time limit. A job that BullMQ is adding then is stored, and an identical push is its duplicate. */
  async #store(
    connected: Connected,
    push: StoredPush,
    windowMs: number,
    limit: TimeLimit,
  ): Promise<"stored" | "duplicate"> {
    if (windowMs <= 0) {
      await this.#add(connected, push);
      return "stored";
    }
    const reservation = await Reservation.make(connected, push, windowMs, limit);
    if (reservation === undefined) return "duplicate";
    if (limit.isOver) {
      reservation.release();
      throw limit.error();
    }
    try {
      await this.#add(connected, reservation.id === push.id ? push : { ...push, id: reservation.id });
    } catch (error) {
      // Redis rejected the job. After any other error, the job may exist.
      if ((error as Error).name === "ReplyError") reservation.release();
      throw error;
    }
    reservation.confirm();
    return "stored";
  }

  async #add({ queue }: Connected, push: StoredPush): Promise<void> {
    const { retries, retentionMs, retentionCount } = this.settings;
    await queue.add(push.type, dataOf(push), {
      jobId: push.id,
      timestamp: push.receivedAt.getTime(),
      attempts: retries + 1,
      backoff: { type: "custom" },
      removeOnComplete: { age: Math.ceil(retentionMs / 1_000), count: retentionCount },
      removeOnFail: false,
      stackTraceLimit: 0,
    });
  }

  consume(consumer: Consumer): void {
    const events = this.#events as InboxEvents;
    this.#attempts = new Attempts(consumer, events, this.settings);
    this.#worker = new PushWorker(this.settings, this.#attempts, events, this.#errors.add);
  }

  async replay(push: StoredPush): Promise<Consumed> {
    if (this.#attempts !== undefined) return this.#attempts.replay(push);
    throw new AirudderError("busy", "This process only stores pushes. Send the replay to a process that handles them.");
  }

  dead(id?: string): Promise<readonly DeadPush[]> {
    return this.#connection.run(OPERATION_LIMIT_MS, ({ queue }) => listDead(queue, id));
  }

  retry(id: string): Promise<boolean> {
    return this.#connection.run(OPERATION_LIMIT_MS, ({ queue }) => retryDead(queue, id));
  }

  drop(id: string): Promise<boolean> {
    return this.#connection.run(OPERATION_LIMIT_MS, (connected) => dropDead(connected, id));
  }

  state(): InboxState {
    return { ...this.#counts, open: this.#connection.isLive };
  }

  async close(limitMs: number): Promise<void> {
    clearInterval(this.#countTimer);
    const responds = await this.#connection.responds();
    await this.#worker?.close(limitMs, responds);
    if (responds) await Promise.allSettled(this.#puts);
    await this.#connection.close();
  }
}
