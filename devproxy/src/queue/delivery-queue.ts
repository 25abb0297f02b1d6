import type { AppHealth, DeliveryAttempt } from "../delivery/index.js";
import type { Row } from "../journal/index.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import { Fifo } from "./fifo.js";
import type { PendingDelivery } from "./pending-delivery.js";
import { SubjectQueue } from "./subject-queue.js";

/** A push whose response the app broke off this often is not sent again automatically. */
const MAX_BROKEN = 3;

/** How the queue reaches the app. */
export interface DeliveryQueueOptions {
  send(pending: PendingDelivery): Promise<DeliveryAttempt>;
  health: AppHealth;
  /** The app accepted the push and broke off its response, and the queue does not send it again. */
  onGiveUp(pending: PendingDelivery): void;
  /** A delivery takes longer than `patienceMs`. */
  onSlow?(pending: PendingDelivery): void;
  /** A delivery that takes longer than this no longer counts as in flight, ms. */
  slowAfterMs: number;
}

/**
 * Pushes that wait for an app that is down. When it is back, the pushes of one subject are sent one after the other, those of different
 * subjects in parallel. A new push waits only behind pushes of its own subject.
 */
export class DeliveryQueue {
  /** Only subjects with waiting pushes, or with one that the queue is sending. */
  readonly #lanes = new Map<string, SubjectQueue>();
  /** Lanes that may send. Lanes whose push failed come first. */
  readonly #ready = new Fifo<SubjectQueue>();
  /** Waiting pushes by id. */
  readonly #pendingDeliveries = new Map<string, PendingDelivery>();
  readonly #window = new ConcurrencyLimit();
  #inFlight = 0;
  /** Whether the push in flight must be the only one. */
  #isAlone = false;
  #started = false;
  #closed = false;

  constructor(private readonly options: DeliveryQueueOptions) {}

  /** Number of waiting pushes. */
  get size(): number {
    return this.#pendingDeliveries.size;
  }

  /** From now on pushes leave the queue; before, they only join it. */
  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Sends a push at once if nothing of its subject waits; otherwise it waits too. */
  submit(pending: PendingDelivery): void {
    if (pending.acknowledged || this.#lanes.has(pending.subject)) this.#enqueue(pending);
    else void this.#sendNew(pending);
  }

  /** The app has started, or may be back. */
  wake(): void {
    this.#window.reset();
    this.#drain();
  }

  /**
   * Lets the caller send a waiting push. The queue does not send it meanwhile, nor afterwards if the app responded.
   * @returns without a call of `send`: `"unknown"` if it does not wait, `"busy"` if a push of its subject is being sent
   */
  async sendInstead(
    { push }: Row,
    send: () => Promise<DeliveryAttempt>,
  ): Promise<DeliveryAttempt | "unknown" | "busy"> {
    const pending = this.#pendingDeliveries.get(push.id);
    const lane = pending && this.#lanes.get(pending.subject);
    if (lane === undefined) return "unknown";
    if (lane.sending > 0 || lane.first !== pending) return "busy";
    return this.#occupy(lane, async () => {
      const attempt = await send();
      if (attempt.response !== undefined && lane.remove(pending as PendingDelivery)) {
        this.#pendingDeliveries.delete(push.id);
        pending?.settle(attempt);
      }
      return attempt;
    });
  }

  /** Sends nothing more; waiting senders get their response. */
  close(): void {
    this.#closed = true;
    for (const pending of this.#pendingDeliveries.values()) pending.settle(undefined);
    this.#pendingDeliveries.clear();
    this.#lanes.clear();
  }

  #enqueue(pending: PendingDelivery): void {
    if (this.#closed) {
      pending.settle(undefined);
      return;
    }
    const lane = this.#laneOf(pending);
    lane.add(pending);
    this.#pendingDeliveries.set(pending.row.push.id, pending);
    this.#list(lane, pending.brokenResponses > 0);
    pending.wait();
    this.#drain();
  }

  #laneOf({ subject }: PendingDelivery): SubjectQueue {
    const known = this.#lanes.get(subject);
    if (known !== undefined) return known;
    const lane = new SubjectQueue(subject);
    this.#lanes.set(subject, lane);
    return lane;
  }

  /** Puts a lane into the queue of lanes that may send, unless it is there, empty or sending. */
  #list(lane: SubjectQueue, isFirst = false): void {
    if (lane.isListed || lane.sending > 0 || lane.size === 0) return;
    lane.isListed = true;
    if (isFirst) this.#ready.unshift(lane);
    else this.#ready.push(lane);
  }

  /** Holds back the waiting pushes of a lane while `work` runs. */
  async #occupy<T>(lane: SubjectQueue, work: () => Promise<T>): Promise<T> {
    lane.sending++;
    try {
      return await work();
    } finally {
      lane.sending--;
      this.#list(lane, (lane.first?.brokenResponses ?? 0) > 0);
      if (lane.sending === 0 && lane.size === 0) this.#lanes.delete(lane.subject);
      this.#drain();
    }
  }

  async #sendNew(pending: PendingDelivery): Promise<void> {
    const attempt = await this.options.send(pending);
    if (attempt.response) await this.#conclude(pending, attempt);
    else await this.#occupy(this.#laneOf(pending), () => this.#conclude(pending, attempt));
  }

  async #sendWaiting(pending: PendingDelivery): Promise<void> {
    const attempt = await this.options.send(pending);
    if (attempt.response) this.#window.update(attempt.ms, this.#inFlight >= this.#window.size);
    await this.#conclude(pending, attempt);
  }

  /** Settles a push that was sent, or queues it for the next attempt. */
  async #conclude(pending: PendingDelivery, attempt: DeliveryAttempt): Promise<void> {
    const { health, onGiveUp } = this.options;
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
    const { health, slowAfterMs: patienceMs } = this.options;
    if (!this.#started || this.#closed) return;
    health.hasWaitingPushes = this.size > 0;
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) {
      const pending = lane.shift() as PendingDelivery;
      this.#pendingDeliveries.delete(pending.row.push.id);
      const release = this.#countInFlight(mustBeAlone(pending));
      const timer = setTimeout(() => {
        release();
        this.options.onSlow?.(pending);
      }, patienceMs);
      timer.unref();
      void this.#occupy(lane, () => this.#sendWaiting(pending)).finally(() => {
        clearTimeout(timer);
        release();
      });
    }
  }

  /** Counts a push as in flight until the function that it returns is called. */
  #countInFlight(isAlone: boolean): () => void {
    let isInFlight = true;
    this.#inFlight++;
    this.#isAlone = isAlone;
    return () => {
      if (!isInFlight) return;
      isInFlight = false;
      this.#inFlight--;
      if (isAlone) this.#isAlone = false;
      this.#drain();
    };
  }

  /** Removes and returns the next lane whose first push may be sent now. */
  #next(): SubjectQueue | undefined {
    if (this.options.health.isDown || this.#isAlone || this.#inFlight >= this.#window.size) return undefined;
    for (let lane = this.#ready.first; lane !== undefined; lane = this.#ready.first) {
      const pending = lane.sending > 0 ? undefined : lane.first;
      if (pending !== undefined && mustBeAlone(pending) && this.#inFlight > 0) return undefined;
      this.#ready.shift();
      lane.isListed = false;
      if (pending !== undefined) return lane;
    }
    return undefined;
  }
}

/** The last attempt of a push runs alone, so that another push that ends the app does not make it fail. */
function mustBeAlone({ brokenResponses: tries }: PendingDelivery): boolean {
  return tries >= MAX_BROKEN - 1;
}
