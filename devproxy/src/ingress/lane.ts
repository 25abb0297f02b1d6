import { Fifo } from "./fifo.js";
import type { Ticket } from "./ticket.js";

/** The waiting pushes of one subject, in the order of `seq`. They are sent one after the other. */
export class Lane {
  readonly #tickets = new Fifo<Ticket>();
  /** Number of pushes of the subject being sent that the waiting ones must not overtake. */
  sending = 0;
  /** Whether it is in the queue of lanes that may send. */
  isListed = false;

  constructor(readonly subject: string) {}

  get size(): number {
    return this.#tickets.size;
  }

  get first(): Ticket | undefined {
    return this.#tickets.first;
  }

  /** Adds a push in the order of `seq`. */
  add(ticket: Ticket): void {
    const { seq } = ticket.row.push;
    const { first, last } = this.#tickets;
    if (last === undefined || last.row.push.seq < seq) this.#tickets.push(ticket);
    else if (first !== undefined && first.row.push.seq > seq) this.#tickets.unshift(ticket);
    else this.#tickets.insert(ticket, ({ row }) => row.push.seq > seq);
  }

  shift(): Ticket | undefined {
    return this.#tickets.shift();
  }

  remove(ticket: Ticket): boolean {
    return this.#tickets.remove(ticket);
  }
}
