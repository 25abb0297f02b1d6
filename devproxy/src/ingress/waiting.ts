import type { Attempt } from "./attempt.js";
import type { Health } from "./health.js";
import type { Ticket } from "./ticket.js";

/** A push that was acknowledged, and whose answer the app broke this often, is not sent again by itself. */
const BREAKING_TRIES = 3;

/** How the queue reaches the app. */
export interface WaitingOptions {
  send(ticket: Ticket): Promise<Attempt>;
  health: Health;
  /** The app took the push and broke the answer, and it is not sent again by itself. */
  onGiveUp(ticket: Ticket): void;
  /** A delivery that takes longer than this no longer holds up pushes about other subjects, ms. */
  patienceMs: number;
}

/**
 * Pushes that wait for an app that is down. They go out in the order in which they came, one at a time, when the app is back; a push whose
 * subject has another one waiting queues up behind it.
 */
export class Waiting {
  /** In the order of `seq`. */
  readonly #queue: Ticket[] = [];
  /** How many in the queue are about a subject. */
  readonly #subjects = new Map<string, number>();
  readonly #sending = new Set<string>();
  #started = false;
  #draining = false;
  #closed = false;

  constructor(private readonly options: WaitingOptions) {}

  /** How many wait. */
  get size(): number {
    return this.#queue.length;
  }

  /** From now on pushes leave the queue; before, they only join it. */
  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Sends a push at once where it can be, and lets it wait where it cannot. */
  submit(ticket: Ticket): void {
    const { subject, acknowledged } = ticket;
    const isBehind = this.#sending.has(subject) || this.#subjects.has(subject);
    if (acknowledged || isBehind) this.#enqueue(ticket);
    else void this.#send(ticket);
  }

  /** The app may be back. */
  wake(): void {
    if (!this.#started) return;
    if (this.#queue.length > 0) this.options.health.urgent = true;
    void this.#drain();
  }

  /** Sends no more; who waits is told. */
  close(): void {
    this.#closed = true;
    this.#subjects.clear();
    for (const ticket of this.#queue.splice(0)) ticket.settle(undefined);
  }

  #enqueue(ticket: Ticket): void {
    if (this.#closed) {
      ticket.settle(undefined);
      return;
    }
    const { seq } = ticket.row.push;
    const isNewest = (this.#queue.at(-1)?.row.push.seq ?? 0) < seq;
    if (isNewest) this.#queue.push(ticket);
    else
      this.#queue.splice(
        this.#queue.findIndex(({ row }) => row.push.seq > seq),
        0,
        ticket,
      );
    this.#count(ticket, 1);
    ticket.wait();
    this.wake();
  }

  async #send(ticket: Ticket): Promise<void> {
    const { health, send, onGiveUp } = this.options;
    const attempt = await send(ticket);
    if (attempt.stopped) return ticket.settle(undefined);
    const isUp = await health.learn(attempt);
    if (attempt.answer !== undefined) return ticket.settle(attempt);
    const isLast = attempt.reached && ++ticket.tries >= BREAKING_TRIES;
    if (isLast || (isUp && !ticket.acknowledged)) {
      onGiveUp(ticket);
      return ticket.settle(attempt);
    }
    this.#enqueue(ticket);
  }

  async #drain(): Promise<void> {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    for (let ticket = this.#next(); ticket !== undefined; ticket = this.#next()) {
      const { subject } = ticket;
      this.#sending.add(subject);
      const sent = this.#send(ticket).finally(() => {
        this.#sending.delete(subject);
        this.wake();
      });
      await Promise.race([sent, timeout(this.options.patienceMs)]);
    }
    this.#draining = false;
    if (this.#queue.length === 0) this.options.health.urgent = false;
  }

  /** Takes the first push that may go out now. */
  #next(): Ticket | undefined {
    if (this.#closed || this.options.health.isDown) return undefined;
    const place = this.#queue.findIndex(({ subject }) => !this.#sending.has(subject));
    const [ticket] = place < 0 ? [] : this.#queue.splice(place, 1);
    if (ticket !== undefined) this.#count(ticket, -1);
    return ticket;
  }

  #count({ subject }: Ticket, change: number): void {
    const count = (this.#subjects.get(subject) ?? 0) + change;
    if (count > 0) this.#subjects.set(subject, count);
    else this.#subjects.delete(subject);
  }
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
