import type { AppHealth, DeliveryAttempt } from "../delivery/index.js";
import type { Row } from "../journal/index.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import { Fifo } from "./fifo.js";
import type { PendingDelivery } from "./pending-delivery.js";
import { SubjectQueue } from "./subject-queue.js";

/** Maximum number of attempts that reach the app without a complete response. */
const MAX_BROKEN = 3;

/** What the queue needs to deliver pushes. */
export interface DeliveryQueueOptions {
  /** Makes one attempt. @returns `undefined` if the push cannot be read */
  send(pending: PendingDelivery): Promise<DeliveryAttempt | undefined>;
  health: AppHealth;
  /** Called when the queue will not send a push again: it cannot be read, or the app broke off its response each time. */
  onGiveUp(pending: PendingDelivery): void;
  /** Called when a delivery takes longer than `slowAfterMs`. */
  onSlow?(pending: PendingDelivery): void;
  /** Time after which a delivery no longer counts as in flight, ms. */
  slowAfterMs: number;
}

/**
 * Pushes that wait for an app that is down. When it is back, the pushes of one subject are sent one after the other, those of different
 * subjects in parallel. A new push waits only behind pushes of its own subject.
 */
export class DeliveryQueue {
  /** By subject. Only subjects with waiting pushes, or with one that is being sent. */
  readonly #subjects = new Map<string, SubjectQueue>();
  /** Subjects that may send. Those whose push failed come first. */
  readonly #ready = new Fifo<SubjectQueue>();
  /** Waiting pushes by id. */
  readonly #waiting = new Map<string, PendingDelivery>();
  readonly #concurrency = new ConcurrencyLimit();
  #inFlight = 0;
  /** Whether a push is in flight that must be the only one. */
  #isExclusive = false;
  #started = false;
  #closed = false;

  constructor(private readonly options: DeliveryQueueOptions) {}

  /** Number of waiting pushes. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Starts to send waiting pushes. */
  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Sends a push unless it was acknowledged or others of its subject wait. It then waits, too. */
  submit(pending: PendingDelivery): void {
    if (pending.acknowledged || this.#subjects.has(pending.subject)) this.#enqueue(pending);
    else void this.#sendNew(pending);
  }

  /** Sends waiting pushes because the app has started. */
  wake(): void {
    this.#concurrency.reset();
    this.#drain();
  }

  /**
   * Lets the caller send a waiting push. The queue does not send it meanwhile, nor afterwards if the app responded.
   * @returns without a call of `send`: `"not_waiting"` if it does not wait, `"busy"` if a push of its subject is being sent
   */
  async sendInstead(
    { push }: Row,
    send: () => Promise<DeliveryAttempt>,
  ): Promise<DeliveryAttempt | "not_waiting" | "busy"> {
    const pending = this.#waiting.get(push.id);
    const queue = pending && this.#subjects.get(pending.subject);
    if (queue === undefined) return "not_waiting";
    if (queue.sending > 0 || queue.first !== pending) return "busy";
    return this.#reserve(queue, async () => {
      const attempt = await send();
      if (attempt.response !== undefined && queue.remove(pending as PendingDelivery)) {
        this.#waiting.delete(push.id);
        pending?.settle(attempt);
      }
      return attempt;
    });
  }

  /** Sends nothing more, and settles all waiting pushes. */
  close(): void {
    this.#closed = true;
    for (const pending of this.#waiting.values()) pending.settle(undefined);
    this.#waiting.clear();
    this.#subjects.clear();
  }

  #enqueue(pending: PendingDelivery): void {
    if (this.#closed) {
      pending.settle(undefined);
      return;
    }
    const queue = this.#subjectOf(pending);
    queue.add(pending);
    this.#waiting.set(pending.row.push.id, pending);
    this.#makeReady(queue, pending.brokenResponses > 0);
    pending.markQueued();
    this.#drain();
  }

  #subjectOf({ subject }: PendingDelivery): SubjectQueue {
    const existing = this.#subjects.get(subject);
    if (existing !== undefined) return existing;
    const queue = new SubjectQueue(subject);
    this.#subjects.set(subject, queue);
    return queue;
  }

  /** Adds a subject to those that may send, unless it is there already, has no waiting push, or is sending. */
  #makeReady(queue: SubjectQueue, isFirst = false): void {
    if (queue.isReady || queue.sending > 0 || queue.size === 0) return;
    queue.isReady = true;
    if (isFirst) this.#ready.unshift(queue);
    else this.#ready.push(queue);
  }

  /** Sends no waiting push of the subject while `work` runs. */
  async #reserve<T>(queue: SubjectQueue, work: () => Promise<T>): Promise<T> {
    queue.sending++;
    try {
      return await work();
    } finally {
      queue.sending--;
      this.#makeReady(queue, (queue.first?.brokenResponses ?? 0) > 0);
      if (queue.sending === 0 && queue.size === 0) this.#subjects.delete(queue.subject);
      this.#drain();
    }
  }

  async #sendNew(pending: PendingDelivery): Promise<void> {
    const attempt = await this.options.send(pending);
    if (attempt?.response) await this.#conclude(pending, attempt);
    else await this.#reserve(this.#subjectOf(pending), () => this.#conclude(pending, attempt));
  }

  async #sendWaiting(pending: PendingDelivery): Promise<void> {
    const attempt = await this.options.send(pending);
    if (attempt?.response) this.#concurrency.update(attempt.ms, this.#inFlight >= this.#concurrency.size);
    await this.#conclude(pending, attempt);
  }

  /** Settles a push that was sent, or queues it for the next attempt. */
  async #conclude(pending: PendingDelivery, attempt: DeliveryAttempt | undefined): Promise<void> {
    const { health, onGiveUp } = this.options;
    if (attempt === undefined) {
      onGiveUp(pending);
      return pending.settle(undefined);
    }
    if (attempt.stopped) return pending.settle(undefined);
    const isUp = await health.update(attempt);
    if (attempt.response !== undefined) return pending.settle(attempt);
    const isLast = attempt.reached && ++pending.brokenResponses >= MAX_BROKEN;
    if (isLast || (isUp && !pending.acknowledged)) {
      onGiveUp(pending);
      return pending.settle(attempt);
    }
    this.#enqueue(pending);
  }

  #drain(): void {
    const { health, slowAfterMs, onSlow } = this.options;
    if (!this.#started || this.#closed) return;
    health.hasWaitingPushes = this.size > 0;
    for (let queue = this.#next(); queue !== undefined; queue = this.#next()) {
      const pending = queue.shift() as PendingDelivery;
      this.#waiting.delete(pending.row.push.id);
      const release = this.#countInFlight(mustBeExclusive(pending));
      const timer = setTimeout(() => {
        release();
        onSlow?.(pending);
      }, slowAfterMs);
      timer.unref();
      void this.#reserve(queue, () => this.#sendWaiting(pending)).finally(() => {
        clearTimeout(timer);
        release();
      });
    }
  }

  /** Counts a push as in flight. @returns a function that ends this */
  #countInFlight(isExclusive: boolean): () => void {
    let isInFlight = true;
    this.#inFlight++;
    this.#isExclusive = isExclusive;
    return () => {
      if (!isInFlight) return;
      isInFlight = false;
      this.#inFlight--;
      if (isExclusive) this.#isExclusive = false;
      this.#drain();
    };
  }

  /** Removes and returns the next subject whose first push may be sent now. */
  #next(): SubjectQueue | undefined {
    if (this.options.health.isDown || this.#isExclusive || this.#inFlight >= this.#concurrency.size) return undefined;
    for (let queue = this.#ready.first; queue !== undefined; queue = this.#ready.first) {
      const pending = queue.sending > 0 ? undefined : queue.first;
      if (pending !== undefined && mustBeExclusive(pending) && this.#inFlight > 0) return undefined;
      this.#ready.shift();
      queue.isReady = false;
      if (pending !== undefined) return queue;
    }
    return undefined;
  }
}

/** Whether this is the last attempt of a push. No other push is then sent in parallel, which might end the app. */
function mustBeExclusive({ brokenResponses }: PendingDelivery): boolean {
  return brokenResponses >= MAX_BROKEN - 1;
}
