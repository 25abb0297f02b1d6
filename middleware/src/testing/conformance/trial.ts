import { createHash } from "node:crypto";
import type { Attempt, Consumer, Inbox, InboxEvents, StoredPush } from "../../inbox/inbox.js";
import { noEvents, storedPush } from "../stored-push.js";
import type { CheckedOptions } from "./options.js";

/** A rule with the steps that check it. */
export interface Rule {
  readonly name: string;
  check(trial: Trial): Promise<void>;
}

/** How a trial opens an inbox. */
export interface OpenOptions {
  /** Uses the storage of the previous inbox. Default: an empty storage. */
  readonly keepStorage?: boolean;
  /** Default: the inbox only stores. */
  readonly consumer?: Consumer<unknown>;
  readonly events?: Partial<InboxEvents>;
}

/** Time in which an inbox that breaks a rule passes a push again. Milliseconds. */
const SETTLE_MS = 100;

/** One run of a rule: opens inboxes, waits, and closes the inboxes that are still open at the end. */
export class Trial {
  readonly #open = new Set<Inbox<unknown>>();

  constructor(private readonly options: CheckedOptions) {}

  get effects(): CheckedOptions["effects"] {
    return this.options.effects;
  }

  async open({ keepStorage = false, consumer, events }: OpenOptions = {}): Promise<Inbox<unknown>> {
    const inbox = await this.within("make() resolves", this.options.make(keepStorage));
    this.#open.add(inbox);
    await this.within("open() resolves", inbox.open({ ...noEvents, ...events }));
    if (consumer !== undefined) inbox.consume(consumer);
    return inbox;
  }

  /** Stores new pushes one after the other. */
  async put(inbox: Inbox<unknown>, ...pushes: readonly StoredPush[]): Promise<void> {
    for (const push of pushes) {
      const result: unknown = await this.within("put() resolves", inbox.put(push));
      if (result !== "stored") throw new Error(`put() of a new push resolved to ${String(result)}, not to "stored".`);
    }
  }

  async close(inbox: Inbox<unknown>, limitMs = 1_000): Promise<void> {
    await this.within("close() resolves", inbox.close(limitMs));
    this.#open.delete(inbox);
  }

  async crash(inbox: Inbox<unknown>): Promise<void> {
    this.#open.delete(inbox);
    await this.within("crash() resolves", this.options.crash(inbox));
  }

  /** Waits for a promise of the inbox. */
  async within<T>(what: string, promise: T | Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#timeout(what)), this.options.timeoutMs);
    });
    try {
      return await Promise.race([promise, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + this.options.timeoutMs;
    while (!(await holds())) {
      if (Date.now() > end) throw this.#timeout(what);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #timeout(what: string): Error {
    return new Error(`Timeout after ${this.options.timeoutMs} ms. Expected: ${what}.`);
  }

  /** Waits `SETTLE_MS`, to detect a push that is wrongly passed again. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  /** Closes the inboxes that are still open. */
  async end(): Promise<void> {
    await Promise.all([...this.#open].map((inbox) => this.close(inbox, 0)));
  }
}

export function sha256Of(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}

/** A push whose bytes are its name. Equal names make equal pushes. */
export function pushOf(subject: string | undefined, name: string, overrides: Partial<StoredPush> = {}): StoredPush {
  const body = Buffer.from(name);
  return storedPush({ subject, body, sha256: sha256Of(body), ...overrides });
}

export const nameOf = ({ body }: StoredPush): string => body.toString();

/** A promise that the rule resolves. */
export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
}

export function deferred(): Deferred {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: () => settle() };
}

/** A consumer that records what it is passed. */
export interface Recorder {
  readonly consumer: Consumer<unknown>;
  /** The attempts that started, in order. */
  readonly attempts: { readonly push: StoredPush; readonly attempt: Attempt<unknown> }[];
  /** The names of the pushes that were handled, in order. */
  readonly handled: string[];
}

/** @param handle what a handler does with a push; default: it succeeds */
export function recorder(handle: (name: string, attempt: Attempt<unknown>) => unknown = () => undefined): Recorder {
  const all: Recorder = {
    attempts: [],
    handled: [],
    consumer: (push, attempt) => {
      all.attempts.push({ push, attempt });
      const handled = (result: unknown): unknown => {
        if (!attempt.signal.aborted) all.handled.push(nameOf(push));
        return result;
      };
      const result = handle(nameOf(push), attempt);
      return result instanceof Promise ? result.then(handled) : handled(result);
    },
  };
  return all;
}

export function expectEqual(what: string, actual: readonly unknown[], expected: readonly unknown[]): void {
  if (actual.join() !== expected.join())
    throw new Error(`${what}: ${actual.join() || "none"}. Expected: ${expected.join() || "none"}.`);
}
