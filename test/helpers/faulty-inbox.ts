import type { Consumer, Inbox, StoredPush } from "airudder-webhooks/inbox";

/** A defect of an inbox. Each breaks one law. */
export type Fault =
  | "drops pushes"
  | "changes the id"
  | "changes the bytes"
  | "never retries"
  | "repeats the attempt number"
  | "delivers the newest push first"
  | "retries a push after the later pushes of its subject"
  | "delivers the next push while an earlier one is retried"
  | "forgets unfinished pushes at close"
  | "delivers finished pushes again after a restart";

interface Stored {
  push: StoredPush;
  failures: number;
  isRunning: boolean;
  isFinished: boolean;
}

/** A minimal inbox in memory. A new inbox over the same `store` continues the work of the previous one. */
export class FaultyInbox implements Inbox {
  #consumer: Consumer | undefined;
  #isClosed = false;

  constructor(
    private readonly store: Stored[],
    private readonly fault?: Fault,
  ) {}

  async open(): Promise<void> {}

  async put(push: StoredPush): Promise<"stored"> {
    if (this.fault === "drops pushes") return "stored";
    this.store.push({ push, failures: 0, isRunning: false, isFinished: false });
    this.#start();
    return "stored";
  }

  consume(consumer: Consumer): void {
    this.#consumer = consumer;
    for (const stored of this.store) {
      stored.isRunning = false;
      if (this.fault === "delivers finished pushes again after a restart") stored.isFinished = false;
    }
    this.#start();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.fault === "forgets unfinished pushes at close") this.store.length = 0;
  }

  /** Starts every push that has no earlier unfinished push of its subject. */
  #start(): void {
    if (this.#consumer === undefined || this.#isClosed) return;
    const open = this.store.filter(({ isFinished }) => !isFinished);
    if (this.fault === "delivers the newest push first") open.reverse();
    for (const stored of open) {
      if (!stored.isRunning && this.#mayStart(stored, open)) void this.#run(this.#consumer, stored);
    }
  }

  /** Whether a push may start now. Without a fault: if it is the oldest unfinished one of its subject. */
  #mayStart(stored: Stored, open: readonly Stored[]): boolean {
    const { subject } = stored.push;
    if (this.fault === "never retries" && stored.failures > 0) return false;
    if (this.fault === "delivers the newest push first") {
      if (open.some(({ push, isRunning }) => isRunning && push.subject === subject)) return false;
    }
    const before = open.slice(0, open.indexOf(stored)).filter(({ push }) => push.subject === subject);
    if (this.fault === "delivers the next push while an earlier one is retried") {
      return before.every(({ failures }) => failures > 0);
    }
    return before.length === 0;
  }

  async #run(consumer: Consumer, stored: Stored): Promise<void> {
    stored.isRunning = true;
    const number = this.fault === "repeats the attempt number" ? 1 : stored.failures + 1;
    try {
      await consumer(this.#changed(stored.push), { number, signal: new AbortController().signal });
      if (!this.#isClosed) stored.isFinished = true;
    } catch {
      stored.failures++;
      if (this.fault === "retries a push after the later pushes of its subject") this.#moveToEnd(stored);
    }
    stored.isRunning = false;
    setImmediate(() => this.#start());
  }

  #moveToEnd(stored: Stored): void {
    this.store.splice(this.store.indexOf(stored), 1);
    this.store.push(stored);
  }

  #changed(push: StoredPush): StoredPush {
    if (this.fault === "changes the id") return { ...push, id: `${push.id}-2` };
    if (this.fault !== "changes the bytes") return push;
    return { ...push, body: Buffer.from(push.body.toString().replaceAll(" ", "")) };
  }
}
