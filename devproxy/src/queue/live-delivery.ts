import { setMaxListeners } from "node:events";
import type { Content, MarkHead } from "airudder-webhooks/journal";
import type { WhenDown } from "../config/index.js";
import {
  AppHealth,
  type AppResponse,
  type Deliverer,
  type DeliveryAttempt,
  gatewayError,
  type HealthCheckIntervals,
} from "../delivery/index.js";
import type { Listener } from "../events.js";
import { ACKNOWLEDGED, GIVEN_UP, pendingRows, type Row, type Store, succeeded, testCauseOf } from "../journal/index.js";
import { DeliveryQueue } from "./delivery-queue.js";
import { notes } from "./notes.js";
import { PendingDelivery } from "./pending-delivery.js";
import { DEFAULT_TIMEOUTS, type DeliveryTimeouts, ResponseDeadlines } from "./response-deadlines.js";

export interface LiveDeliveryOptions {
  store: Store;
  deliverer: Deliverer;
  target: URL;
  whenDown: WhenDown;
  listener: Listener;
  timeouts?: DeliveryTimeouts | undefined;
  healthCheckIntervals?: HealthCheckIntervals | undefined;
}

/** The response to the sender of a live push. */
export interface LiveResponse {
  response: AppResponse;
  /** Time that the app needed for its response, ms. Absent if it is not the app's, or if the push waited for the app or for another push. */
  appMs?: number;
}

const DEFAULT_QUEUED_MS = 120_000;

const ACKNOWLEDGEMENT: AppResponse = {
  status: 200,
  headers: { "content-type": "application/json" },
  body: Buffer.from("{}"),
};

/** Delivers live pushes to the app, and determines the response to their senders within the time limit. */
export class LiveDelivery {
  readonly #timeouts: DeliveryTimeouts;
  readonly #deadlines: ResponseDeadlines;
  readonly #health: AppHealth;
  readonly #queue: DeliveryQueue;
  readonly #closing = new AbortController();
  #hasWarnedAboutStatus = false;

  constructor(private readonly options: LiveDeliveryOptions) {
    const { target, whenDown, listener, timeouts = DEFAULT_TIMEOUTS, healthCheckIntervals } = options;
    this.#timeouts = timeouts;
    this.#deadlines = new ResponseDeadlines(timeouts, whenDown);
    this.#health = new AppHealth(target, (state) => this.#onHealthChange(state), healthCheckIntervals);
    this.#queue = new DeliveryQueue({
      health: this.#health,
      slowAfterMs: timeouts.responseMs,
      send: (pending) => this.#send(pending),
      onGiveUp: (pending) => this.#giveUp(pending),
      onSlow: (pending) => listener(notes.slow(pending, timeouts.responseMs)),
    });
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Queues the pushes that were acknowledged before a restart and are not delivered yet. Call it before the first new push is received, so
   * that none overtakes them.
   */
  resume(): void {
    for (const row of pendingRows(this.options.store.index)) {
      const pending = new PendingDelivery(row, undefined, true);
      this.#retainUntilSettled(pending);
      this.#queue.submit(pending);
    }
  }

  /** Starts the health checks of the app, then sends it the waiting pushes. */
  async start(): Promise<void> {
    await this.#health.start();
    this.#queue.start();
  }

  /** Whether the app accepts connections. */
  get appIsUp(): boolean {
    return !this.#health.isDown;
  }

  /** Number of pushes that wait for the app. */
  get waitingCount(): number {
    return this.#queue.size;
  }

  /**
   * Delivers a push that has just been recorded.
   * @param receivedAt when the request was received, from `performance.now()`
   * @returns the response to the sender
   * @throws JournalError if the acknowledgement cannot be recorded
   */
  async deliver(row: Row, content: Content, receivedAt: number): Promise<LiveResponse> {
    const pending = new PendingDelivery(row, content);
    this.#retainUntilSettled(pending);
    if (this.options.whenDown === "fail") void this.#sendOnce(pending);
    else this.#queue.submit(pending);
    const attempt = await this.#deadlines.waitUntilSettled(pending, receivedAt);
    if (attempt !== undefined) return responseTo(pending, attempt);
    await this.#acknowledge(pending);
    return { response: ACKNOWLEDGEMENT };
  }

  /**
   * Lets a replay send a push instead of the queue. The queue does not send the push while `send` runs. If the app responds, the push leaves
   * the queue.
   * @returns `undefined`, without calling `send`, while the push or an earlier one of its subject is being delivered
   */
  async sendInstead(row: Row, send: () => Promise<DeliveryAttempt>): Promise<DeliveryAttempt | undefined> {
    const attempt = await this.#queue.sendInstead(row, send);
    if (attempt === "busy") return undefined;
    if (attempt !== "not_waiting") return attempt;
    return this.options.store.inDelivery.has(row) ? undefined : send();
  }

  /** Stops all attempts. After the next start, `resume` queues the acknowledged pushes again. */
  close(): void {
    this.#health.close();
    this.#deadlines.expireAll();
    this.#closing.abort();
    this.#queue.close();
  }

  /**
   * Marks a push as in delivery until it is settled and its last attempt is recorded. Until then, the journal retains it, and a replay
   * does not send it at the same time.
   */
  #retainUntilSettled({ row, settled }: PendingDelivery): void {
    const { deliverer, store } = this.options;
    store.inDelivery.add(row);
    void settled.then(() => deliverer.flush()).then(() => store.inDelivery.delete(row));
  }

  async #acknowledge(pending: PendingDelivery): Promise<void> {
    const { store, listener } = this.options;
    const { isSending } = pending;
    // Set before it is recorded: if the app does not complete its response, the push must be sent again.
    pending.acknowledged = true;
    try {
      await store.record(markOf(pending, ACKNOWLEDGED));
    } catch (error) {
      pending.acknowledged = false;
      throw error;
    }
    delete pending.content;
    listener(notes.acknowledged(pending, isSending));
  }

  /** Makes one attempt. @returns `undefined` if the push cannot be read */
  async #send(pending: PendingDelivery): Promise<DeliveryAttempt | undefined> {
    const { deliverer, target } = this.options;
    pending.isSending = true;
    const wasAcknowledged = pending.acknowledged;
    const content = pending.content ?? (await this.#read(pending));
    const attempt =
      content &&
      (await deliverer.deliver(pending.row.push, content, {
        target,
        cause: wasAcknowledged ? "queued" : (testCauseOf(pending.row) ?? "live"),
        // After its acknowledgement, a push without a response must not block its subject forever.
        ...(wasAcknowledged ? { timeoutMs: this.#timeouts.queuedMs ?? DEFAULT_QUEUED_MS } : {}),
        isLate: () => !wasAcknowledged && pending.acknowledged,
        signal: this.#closing.signal,
      }));
    pending.isSending = false;
    this.#warnAboutStatus(pending, attempt?.response?.status);
    return attempt;
  }

  async #read(pending: PendingDelivery): Promise<Content | undefined> {
    try {
      return await this.options.store.content(pending.row.location);
    } catch (error) {
      this.options.listener(notes.unreadable(error as Error));
      return undefined;
    }
  }

  /** Makes one attempt, without the queue. If it fails, the response makes Airudder retry. */
  async #sendOnce(pending: PendingDelivery): Promise<void> {
    const attempt = await this.#send(pending);
    if (attempt === undefined || attempt.stopped) return pending.settle(undefined);
    pending.settle(attempt);
    await this.#health.update(attempt);
    if (attempt.response === undefined && attempt.reached) this.#giveUp(pending);
  }

  #giveUp(pending: PendingDelivery): void {
    const { store, listener } = this.options;
    if (pending.acknowledged) listener(notes.givenUp(pending));
    void store.record(markOf(pending, GIVEN_UP)).catch((error: Error) => {
      listener(notes.givenUpNotRecorded(pending, error));
    });
  }

  /** Warns once about a 2xx status other than 200: the vendor documents only 200 as success. */
  #warnAboutStatus(pending: PendingDelivery, status: number | undefined): void {
    if (this.#hasWarnedAboutStatus || status === undefined) return;
    if (succeeded(status) || Math.floor(status / 100) !== 2) return;
    this.#hasWarnedAboutStatus = true;
    this.options.listener(notes.notStatus200(pending, status));
  }

  #onHealthChange(state: "up" | "down"): void {
    const { target, listener } = this.options;
    listener(notes.appState(state, target, this.#queue.size));
    if (state === "up") this.#queue.restart();
  }
}

function responseTo({ hasWaited }: PendingDelivery, attempt: DeliveryAttempt): LiveResponse {
  const { response, appMs } = attempt;
  if (response === undefined) return { response: gatewayError(attempt) };
  return { response, ...(hasWaited || appMs === undefined ? {} : { appMs }) };
}

function markOf({ row }: PendingDelivery, state: string): MarkHead {
  return { kind: "mark", push: row.push.id, at: new Date().toISOString(), state };
}
