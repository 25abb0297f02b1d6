import { Fifo } from "./fifo.js";
import type { PendingDelivery } from "./pending-delivery.js";

/** The waiting pushes of one subject, in the order of `seq`. They are sent one after the other. */
export class SubjectQueue {
  readonly #waiting = new Fifo<PendingDelivery>();
  /** Number of pushes of the subject that are being sent. The waiting ones must not overtake them. */
  sendingCount = 0;
  /** Whether it is in the list of queues that may send. */
  isReady = false;

  constructor(readonly subject: string) {}

  get size(): number {
    return this.#waiting.size;
  }

  get first(): PendingDelivery | undefined {
    return this.#waiting.first;
  }

  /** Adds a push in the order of `seq`. */
  add(pending: PendingDelivery): void {
    const { seq } = pending.row.push;
    const { first, last } = this.#waiting;
    if (last === undefined || last.row.push.seq < seq) this.#waiting.push(pending);
    else if (first !== undefined && first.row.push.seq > seq) this.#waiting.unshift(pending);
    else this.#waiting.insert(pending, ({ row }) => row.push.seq > seq);
  }

  shift(): PendingDelivery | undefined {
    return this.#waiting.shift();
  }

  remove(pending: PendingDelivery): boolean {
    return this.#waiting.remove(pending);
  }
}
