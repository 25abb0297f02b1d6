import type { Row } from "../journal/rows.js";
import type { Attempt } from "./attempt.js";
import { Fifo } from "./fifo.js";
import type { Health } from "./health.js";
import { Lane } from "./lane.js";
import type { Ticket } from "./ticket.js";
import { Window } from "./window.js";

/** A push whose response the app broke off this often is not sent again automatically. */
const MAX_BROKEN = 3;

/** How the queue reaches the app. */
export interface WaitingOptions {
  send(ticket: Ticket): Promise<Attempt>;
  health: Health;
  /** The app accepted the push and broke off its response, and the queue does not send it again. */
  onGiveUp(ticket: Ticket): void;
  /** A delivery takes longer than `patienceMs`. */
  onSlow?(ticket: Ticket): void;
  /** A delivery that takes longer than this no longer counts as in flight, ms. */
  patienceMs: number;
}

/**
 * Pushes that wait for an app that is down. When it is back, the pushes of one subject are sent one after the other, those of different
 * subjects in parallel. A new push waits only behind pushes of its own subject.
 */
export class Waiting {
  /** Only subjects with waiting pushes, or with one that the queue is sending. */
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that may send. Lanes whose push failed come first. */
  readonly #ready = new Fifo<Lane>();
  /** Waiting pushes by id. */
  readonly #tickets = new Map<string, Ticket>();
  readonly #window = new Window();
  #inFlight = 0;
  /** Whether the push in flight must be the only one. */
  #isAlone = false;
  #started = false;
  #closed = false;

  constructor(private readonly options: WaitingOptions) {}

  /** Number of waiting pushes. */
  get size(): number {
    return this.#tickets.size;
  }

  /** From now on pushes leave the queue; before, they only join it. */
  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Sends a push at once if nothing of its subject waits; otherwise it waits too. */
  submit(ticket: Ticket): void {
    if (ticket.acknowledged || this.#lanes.has(ticket.subject)) this.#enqueue(ticket);
    else void this.#sendNew(ticket);
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
  async sendInstead({ push }: Row, send: () => Promise<Attempt>): Promise<Attempt | "unknown" | "busy"> {
    const ticket = this.#tickets.get(push.id);
    const lane = ticket && this.#lanes.get(ticket.subject);
    if (lane === undefined) return "unknown";
    if (lane.sending > 0 || lane.first !== ticket) return "busy";
    return this.#occupy(lane, async () => {
      const attempt = await send();
      if (attempt.answer !== undefined && lane.remove(ticket as Ticket)) {
        this.#tickets.delete(push.id);
        ticket?.settle(attempt);
      }
      return attempt;
    });
  }

  /** Sends nothing more; waiting senders get their response. */
  close(): void {
    this.#closed = true;
    for (const ticket of this.#tickets.values()) ticket.settle(undefined);
    this.#tickets.clear();
    this.#lanes.clear();
  }

  #enqueue(ticket: Ticket): void {
    if (this.#closed) {
      ticket.settle(undefined);
      return;
    }
    const lane = this.#laneOf(ticket);
    lane.add(ticket);
    this.#tickets.set(ticket.row.push.id, ticket);
    this.#list(lane, ticket.tries > 0);
    ticket.wait();
    this.#drain();
  }

  #laneOf({ subject }: Ticket): Lane {
    const known = this.#lanes.get(subject);
    if (known !== undefined) return known;
    const lane = new Lane(subject);
    this.#lanes.set(subject, lane);
    return lane;
  }

  /** Puts a lane into the queue of lanes that may send, unless it is there, empty or sending. */
  #list(lane: Lane, isFirst = false): void {
    if (lane.isListed || lane.sending > 0 || lane.size === 0) return;
    lane.isListed = true;
    if (isFirst) this.#ready.unshift(lane);
    else this.#ready.push(lane);
  }

  /** Holds back the waiting pushes of a lane while `work` runs. */
  async #occupy<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    lane.sending++;
    try {
      return await work();
    } finally {
      lane.sending--;
      this.#list(lane, (lane.first?.tries ?? 0) > 0);
      if (lane.sending === 0 && lane.size === 0) this.#lanes.delete(lane.subject);
      this.#drain();
    }
  }

  async #sendNew(ticket: Ticket): Promise<void> {
    const attempt = await this.options.send(ticket);
    if (attempt.answer) await this.#conclude(ticket, attempt);
    else await this.#occupy(this.#laneOf(ticket), () => this.#conclude(ticket, attempt));
  }

  async #sendWaiting(ticket: Ticket): Promise<void> {
    const attempt = await this.options.send(ticket);
    if (attempt.answer) this.#window.learn(attempt.ms, this.#inFlight >= this.#window.size);
    await this.#conclude(ticket, attempt);
  }

  /** Settles a push that was sent, or queues it for the next attempt. */
  async #conclude(ticket: Ticket, attempt: Attempt): Promise<void> {
    const { health, onGiveUp } = this.options;
    if (attempt.stopped) return ticket.settle(undefined);
    const isUp = await health.learn(attempt);
    if (attempt.answer !== undefined) return ticket.settle(attempt);
    const isLast = attempt.reached && ++ticket.tries >= MAX_BROKEN;
    if (isLast || (isUp && !ticket.acknowledged)) {
      onGiveUp(ticket);
      return ticket.settle(attempt);
    }
    this.#enqueue(ticket);
  }

  #drain(): void {
    const { health, patienceMs } = this.options;
    if (!this.#started || this.#closed) return;
    health.urgent = this.size > 0;
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) {
      const ticket = lane.shift() as Ticket;
      this.#tickets.delete(ticket.row.push.id);
      const release = this.#countInFlight(mustBeAlone(ticket));
      const timer = setTimeout(() => {
        release();
        this.options.onSlow?.(ticket);
      }, patienceMs);
      timer.unref();
      void this.#occupy(lane, () => this.#sendWaiting(ticket)).finally(() => {
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
  #next(): Lane | undefined {
    if (this.options.health.isDown || this.#isAlone || this.#inFlight >= this.#window.size) return undefined;
    for (let lane = this.#ready.first; lane !== undefined; lane = this.#ready.first) {
      const ticket = lane.sending > 0 ? undefined : lane.first;
      if (ticket !== undefined && mustBeAlone(ticket) && this.#inFlight > 0) return undefined;
      this.#ready.shift();
      lane.isListed = false;
      if (ticket !== undefined) return lane;
    }
    return undefined;
  }
}

/** The last attempt of a push runs alone, so that another push that ends the app does not make it fail. */
function mustBeAlone({ tries }: Ticket): boolean {
  return tries >= MAX_BROKEN - 1;
}
