import { Fifo } from "./fifo.js";
import type { PendingDelivery } from "./pending-delivery.js";

/** The waiting pushes of one subject, in the order of `seq`. They are sent one after the other. */
export class SubjectQueue {
  readonly #pendingDeliveries = new Fifo<PendingDelivery>();
  /** Number of pushes of the subject being sent that the waiting ones must not overtake. */
  sending = 0;
  /** Whether it is in the queue of lanes that may send. */
  isListed = false;

  constructor(readonly subject: string) {}

  get size(): number {
    return this.#pendingDeliveries.size;
  }

  get first(): PendingDelivery | undefined {
    return this.#pendingDeliveries.first;
  }

  /** Adds a push in the order of `seq`. */
  add(pending: PendingDelivery): void {
    const { seq } = pending.row.push;
    const { first, last } = this.#pendingDeliveries;
    if (last === undefined || last.row.push.seq < seq) this.#pendingDeliveries.push(pending);
    else if (first !== undefined && first.row.push.seq > seq) this.#pendingDeliveries.unshift(pending);
    else this.#pendingDeliveries.insert(pending, ({ row }) => row.push.seq > seq);
  }

  shift(): PendingDelivery | undefined {
    return this.#pendingDeliveries.shift();
  }

  remove(pending: PendingDelivery): boolean {
    return this.#pendingDeliveries.remove(pending);
  }
}
