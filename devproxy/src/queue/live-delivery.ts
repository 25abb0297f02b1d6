import { setMaxListeners } from "node:events";
import type { Content, MarkHead } from "airudder-webhooks/journal";
import type { WhenDown } from "../config/index.js";
import {
  AppHealth,
  type AppResponse,
  type Deliverer,
  type DeliveryAttempt,
  gatewayError,
  type HealthIntervals,
} from "../delivery/index.js";
import type { Listener } from "../events.js";
import { ACKNOWLEDGED, GIVEN_UP, pendingRows, type Row, type Store, succeeded } from "../journal/index.js";
import { DeliveryQueue } from "./delivery-queue.js";
import { LIMITS, type Limits } from "./limits.js";
import { PendingDelivery } from "./pending-delivery.js";

export interface LiveDeliveryOptions {
  store: Store;
  deliverer: Deliverer;
  target: URL;
  whenDown: WhenDown;
  listener: Listener;
  limits?: Limits | undefined;
  healthIntervals?: HealthIntervals | undefined;
}

const QUEUED_MS = 120_000;

const ACKNOWLEDGEMENT: AppResponse = {
  status: 200,
  headers: { "content-type": "application/json" },
  body: Buffer.from("{}"),
};

/** Brings live pushes to the app, and finds the sender's answer in time. */
export class LiveDelivery {
  readonly #limits: Limits;
  readonly #health: AppHealth;
  readonly #waiting: DeliveryQueue;
  readonly #closing = new AbortController();
  #hasWarned = false;
  /** The senders that wait for an answer: each gets the acknowledgement when it is called. */
  readonly #expiring = new Set<() => void>();

  constructor(private readonly options: LiveDeliveryOptions) {
    this.#limits = options.limits ?? LIMITS;
    this.#health = new AppHealth(options.target, (state) => this.#onHealth(state), options.healthIntervals);
    this.#waiting = new DeliveryQueue({
      health: this.#health,
      slowAfterMs: this.#limits.responseMs,
      send: (pending) => this.#send(pending),
      onGiveUp: (pending) => this.#giveUp(pending),
      onSlow: (pending) => this.#noteSlow(pending),
    });
    setMaxListeners(0, this.#closing.signal);
  }

  /** Takes up what was acknowledged before a restart and is not delivered yet; wanted before the first new push, which comes after it. */
  resume(): void {
    for (const row of pendingRows(this.options.store.index)) {
      const pending = new PendingDelivery(row, undefined, true);
      this.#keepInHand(pending);
      this.#waiting.submit(pending);
    }
  }

  /** Looks after the app, and brings it what waits. */
  async start(): Promise<void> {
    await this.#health.start();
    this.#waiting.start();
  }

  /** Whether the app accepts connections. */
  get appIsUp(): boolean {
    return !this.#health.isDown;
  }

  /** How many pushes wait for the app. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /**
   * The answer for the sender of a push that has just been recorded.
   * @param started when the request came, as `performance.now()` tells it
   * @throws JournalError when it cannot be noted that the push was acknowledged
   */
  async responseTo(row: Row, content: Content, started: number): Promise<AppResponse> {
    const { whenDown } = this.options;
    const pending = new PendingDelivery(row, content);
    this.#keepInHand(pending);
    if (whenDown === "fail") void this.#send(pending).then((attempt) => this.#settleAtOnce(pending, attempt));
    else this.#waiting.submit(pending);
    const inTime = await this.#inTime(pending, started);
    if (inTime !== undefined) return inTime.response ?? gatewayError(inTime);
    await this.#acknowledge(pending);
    return ACKNOWLEDGEMENT;
  }

  /**
   * Lets a replay send a push instead of the queue. The queue does not send it meanwhile, nor afterwards if the app responded.
   * @returns `undefined`, without a call of `send`, while the push or an earlier one of its subject is being delivered
   */
  async sendInstead(row: Row, send: () => Promise<DeliveryAttempt>): Promise<DeliveryAttempt | undefined> {
    const attempt = await this.#waiting.sendInstead(row, send);
    if (attempt === "busy") return undefined;
    if (attempt !== "unknown") return attempt;
    return this.options.store.inDelivery.has(row) ? undefined : send();
  }

  /** Gives up what runs; what was acknowledged is taken up again at the next start. */
  close(): void {
    this.#health.close();
    for (const expire of [...this.#expiring]) expire();
    this.#closing.abort();
    this.#waiting.close();
  }

  /**
   * A push must not be dropped from the journal before it is settled, whether its sender was answered or not. It stays in hand until its
   * delivery is recorded: a replay finds a push either in hand or delivered.
   */
  #keepInHand({ row, settled }: PendingDelivery): void {
    const { deliverer, store } = this.options;
    store.inDelivery.add(row);
    void settled.then(() => deliverer.flush()).then(() => store.inDelivery.delete(row));
  }

  /** The attempt that settles a push before its sender's time is over. */
  #inTime(pending: PendingDelivery, started: number): Promise<DeliveryAttempt | undefined> {
    const { responseMs, holdMs } = this.#limits;
    const remaining = (limit: number) => Math.max(0, started + limit - performance.now());
    return new Promise((resolve) => {
      const finish = (attempt?: DeliveryAttempt) => {
        clearTimeout(responseTimer);
        clearTimeout(holdTimer);
        this.#expiring.delete(expire);
        resolve(attempt);
      };
      const expire = () => finish();
      let holdTimer: NodeJS.Timeout | undefined;
      const responseTimer = setTimeout(expire, remaining(responseMs));
      this.#expiring.add(expire);
      void pending.settled.then(finish);
      void pending.waits.then(() => {
        if (!this.#expiring.has(expire)) return;
        const wait = this.options.whenDown === "ack" ? 0 : remaining(holdMs);
        holdTimer = setTimeout(() => !pending.isSending && expire(), wait);
      });
    });
  }

  async #acknowledge(pending: PendingDelivery): Promise<void> {
    const { store, listener } = this.options;
    const late = pending.isSending;
    // Said before it is on disk: meanwhile an answer that the app breaks must not end the tries.
    pending.acknowledged = true;
    try {
      await store.record(mark(pending.row, ACKNOWLEDGED));
    } catch (error) {
      pending.acknowledged = false;
      throw error;
    }
    delete pending.content;
    const { seq } = pending.row.push;
    const message = late
      ? `#${seq} was acknowledged before the app responded: in production, Airudder would have retried`
      : `#${seq} was acknowledged and waits for the app`;
    listener({ event: "note", code: late ? "late" : "held", message });
  }

  async #send(pending: PendingDelivery): Promise<DeliveryAttempt> {
    const { deliverer, target } = this.options;
    pending.isSending = true;
    const started = pending.acknowledged;
    const content = pending.content ?? (await this.#read(pending));
    if (content === undefined)
      return { at: "", target: target.href, ms: 0, error: "its bytes cannot be read", reached: true };
    const attempt = await deliverer.deliver(pending.row.push, content, {
      target,
      cause: started ? "queued" : "live",
      // A queued push that gets no response must not hold up its subject for ever.
      ...(started ? { limitMs: this.#limits.queuedMs ?? QUEUED_MS } : {}),
      isLate: () => !started && pending.acknowledged,
      signal: this.#closing.signal,
    });
    pending.isSending = false;
    this.#warnOfStatus(pending, attempt.response?.status);
    return attempt;
  }

  /** The bytes of a push that waited. Without them it can never be sent. */
  async #read(pending: PendingDelivery): Promise<Content | undefined> {
    try {
      return await this.options.store.content(pending.row.location);
    } catch (error) {
      pending.brokenResponses = Number.POSITIVE_INFINITY;
      pending.isSending = false;
      this.options.listener({ event: "note", code: "not_readable", message: (error as Error).message });
      return undefined;
    }
  }

  async #settleAtOnce(pending: PendingDelivery, attempt: DeliveryAttempt): Promise<void> {
    if (attempt.stopped) return pending.settle(undefined);
    pending.settle(attempt);
    await this.#health.update(attempt);
    if (attempt.response === undefined && attempt.reached) this.#giveUp(pending);
  }

  #noteSlow({ row }: PendingDelivery): void {
    const seconds = Math.round(this.#limits.responseMs / 1_000);
    const message = `#${row.push.seq} has had no response from the app for ${seconds} s. Later pushes of its subject wait for it.`;
    this.options.listener({ event: "note", code: "slow", message });
  }

  #giveUp({ row, acknowledged }: PendingDelivery): void {
    const { store, listener } = this.options;
    const name = `#${row.push.seq}`;
    if (acknowledged) {
      const message = `${name} is not retried automatically: the app broke off its response each time, or the push cannot be read. Fix that, then replay it.`;
      listener({ event: "note", code: "given_up", message });
    }
    void store.record(mark(row, GIVEN_UP)).catch((error: Error) => {
      listener({
        event: "note",
        code: "not_recorded",
        message: `That ${name} failed was not recorded: ${error.message}`,
      });
    });
  }

  /** Only 200 is documented to end Airudder's tries. */
  #warnOfStatus({ row }: PendingDelivery, status: number | undefined): void {
    if (this.#hasWarned || status === undefined || succeeded(status) || Math.floor(status / 100) !== 2) return;
    this.#hasWarned = true;
    const message = `#${row.push.seq} got the response ${status}, which counts as failed: Airudder retries unless the response is 200`;
    this.options.listener({ event: "note", code: "not_200", message });
  }

  #onHealth(state: "up" | "down"): void {
    const { target, listener } = this.options;
    const waiting = this.#waiting.size > 0 ? `; ${this.#waiting.size} waiting` : "";
    listener({ event: "note", code: `app_${state}`, message: `app ${state}: ${target.host}${waiting}` });
    if (state === "up") this.#waiting.wake();
  }
}

function mark(row: Row, state: string): MarkHead {
  return { kind: "mark", push: row.push.id, at: new Date().toISOString(), state };
}
