import type { AppHealth, DeliveryAttempt } from "../delivery/index.js";
import type { Row } from "../journal/index.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import { Fifo } from "./fifo.js";
import type { PendingDelivery } from "./pending-delivery.js";
import { SubjectQueue } from "./subject-queue.js";

/** Maximum number of attempts that reach the app without a complete response. */
const MAX_INCOMPLETE_RESPONSES = 3;

/** What the queue needs to deliver pushes. */
export interface DeliveryQueueOptions {
  /** Makes one attempt. @returns `undefined` if the push cannot be read */
  send(pending: PendingDelivery): Promise<DeliveryAttempt | undefined>;
  health: AppHealth;
  /** Called when the queue will not send a push again: the push cannot be read, or no attempt got a complete response. */
  onGiveUp(pending: PendingDelivery): void;
  /** Called when a delivery takes longer than `slowAfterMs`. */
  onSlow?(pending: PendingDelivery): void;
  /** Time after which a delivery no longer counts as in flight, ms. */
  slowAfterMs: number;
}

/**
 * Sends pushes to the app, and holds them while it is down. When it is up again, the waiting pushes of one subject are sent one after the
 * other, those of different subjects in parallel. A new push waits only behind pushes of its own subject.
 */
export class DeliveryQueue {
  /** By subject. Only subjects with waiting pushes, or with one that is being sent. */
  readonly #subjects = new Map<string, SubjectQueue>();
  /** Subjects whose first push may be sent. Those whose push got an incomplete response come first. */
  readonly #ready = new Fifo<SubjectQueue>();
  /** Waiting pushes by id. */
  readonly #waiting = new Map<string, PendingDelivery>();
  readonly #concurrency = new ConcurrencyLimit();
  #inFlight = 0;
  /** Whether the push in flight must be the only one. */
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
    this.restart();
  }

  /** Sends a push now. Queues it instead if it was already acknowledged, or if its subject has pushes in the queue. */
  submit(pending: PendingDelivery): void {
    if (pending.acknowledged || this.#subjects.has(pending.subject)) this.#enqueue(pending);
    else void this.#sendNew(pending);
  }

  /** Sends waiting pushes to an app that has started, at first with minimum concurrency. */
  restart(): void {
    this.#concurrency.reset();
    this.#sendReady();
  }

  /**
   * Lets the caller send a waiting push. The queue does not send the push while `send` runs. If the app responds, the push leaves the queue.
   * @returns the attempt. If `send` was not called: `"not_waiting"` if the push is not in the queue, `"busy"` if another push of its subject
   * comes first or one is being sent
   */
  async sendInstead(
    { push }: Row,
    send: () => Promise<DeliveryAttempt>,
  ): Promise<DeliveryAttempt | "not_waiting" | "busy"> {
    const pending = this.#waiting.get(push.id);
    const queue = pending && this.#subjects.get(pending.subject);
    if (queue === undefined) return "not_waiting";
    if (queue.sendingCount > 0 || queue.first !== pending) return "busy";
    return this.#reserve(queue, async () => {
      const attempt = await send();
      if (attempt.response !== undefined && queue.remove(pending as PendingDelivery)) {
        this.#waiting.delete(push.id);
        pending?.settle(attempt);
      }
      return attempt;
    });
  }

  /** Stops sending, and settles all waiting pushes with `undefined`. */
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
    const queue = this.#queueOf(pending);
    queue.add(pending);
    this.#waiting.set(pending.row.push.id, pending);
    this.#makeReady(queue, pending.incompleteResponses > 0);
    pending.markQueued();
    this.#sendReady();
  }

  #queueOf({ subject }: PendingDelivery): SubjectQueue {
    const existing = this.#subjects.get(subject);
    if (existing !== undefined) return existing;
    const queue = new SubjectQueue(subject);
    this.#subjects.set(subject, queue);
    return queue;
  }

  /** Marks a subject as ready, unless it is already ready, is sending, or has no waiting push. */
  #makeReady(queue: SubjectQueue, atFront = false): void {
    if (queue.isReady || queue.sendingCount > 0 || queue.size === 0) return;
    queue.isReady = true;
    if (atFront) this.#ready.unshift(queue);
    else this.#ready.push(queue);
  }

  /** Runs `work`. The queue sends no waiting push of the subject meanwhile. */
  async #reserve<T>(queue: SubjectQueue, work: () => Promise<T>): Promise<T> {
    queue.sendingCount++;
    try {
      return await work();
    } finally {
      queue.sendingCount--;
      this.#makeReady(queue, (queue.first?.incompleteResponses ?? 0) > 0);
      if (queue.sendingCount === 0 && queue.size === 0) this.#subjects.delete(queue.subject);
      this.#sendReady();
    }
  }

  async #sendNew(pending: PendingDelivery): Promise<void> {
    const attempt = await this.options.send(pending);
    if (attempt?.response) await this.#conclude(pending, attempt);
    else await this.#reserve(this.#queueOf(pending), () => this.#conclude(pending, attempt));
  }

  async #sendWaiting(pending: PendingDelivery): Promise<void> {
    const attempt = await this.options.send(pending);
    if (attempt?.response) this.#concurrency.update(attempt.ms, this.#inFlight >= this.#concurrency.max);
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
    const isLast = attempt.reached && ++pending.incompleteResponses >= MAX_INCOMPLETE_RESPONSES;
    if (isLast || (isUp && !pending.acknowledged)) {
      onGiveUp(pending);
      return pending.settle(attempt);
    }
    this.#enqueue(pending);
  }

  /** Sends waiting pushes until none may be sent now. */
  #sendReady(): void {
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

  /** Counts a push as in flight. @returns a function that stops counting it */
  #countInFlight(isExclusive: boolean): () => void {
    let isInFlight = true;
    this.#inFlight++;
    this.#isExclusive = isExclusive;
    return () => {
      if (!isInFlight) return;
      isInFlight = false;
      this.#inFlight--;
      if (isExclusive) this.#isExclusive = false;
      this.#sendReady();
    };
  }

  /** Removes and returns the next subject whose first push may be sent now. */
  #next(): SubjectQueue | undefined {
    if (this.options.health.isDown || this.#isExclusive || this.#inFlight >= this.#concurrency.max) return undefined;
    for (let queue = this.#ready.first; queue !== undefined; queue = this.#ready.first) {
      const pending = queue.sendingCount > 0 ? undefined : queue.first;
      if (pending !== undefined && mustBeExclusive(pending) && this.#inFlight > 0) return undefined;
      this.#ready.shift();
      queue.isReady = false;
      if (pending !== undefined) return queue;
    }
    return undefined;
  }
}

/** Whether the next attempt is the last one. A push is then sent alone, so that no other push can crash the app meanwhile. */
function mustBeExclusive({ incompleteResponses }: PendingDelivery): boolean {
  return incompleteResponses >= MAX_INCOMPLETE_RESPONSES - 1;
}
