import { AirudderError } from "../errors.js";
import { describeThrown } from "../observe/describe-error.js";
import { type Attempt, type Consumed, type Consumer, type InboxEvents, Quarantined, type StoredPush } from "./inbox.js";

/** The delays between attempts. */
export interface RetryDelays {
  /** Delay before the second attempt; each further delay is twice as long. Milliseconds. */
  readonly retryMs: number;
  /** Maximum delay. Milliseconds. */
  readonly maxRetryMs: number;
}

/** Limits of {@link Attempts}. */
export interface AttemptLimits extends RetryDelays {
  /** Maximum number of retries after the first attempt. */
  readonly retries: number;
  /** Time limit of one attempt. Milliseconds. */
  readonly timeoutMs: number;
}

/**
 * How an attempt ended, for the inbox to record. `message` is the text to store as `DeadPush.error`: personal data is redacted.
 *
 * | state | the inbox |
 * |---|---|
 * | `handled`, `ignored` | marks the push as finished |
 * | `failed` | retries the push after `delayMs`, before later pushes of its subject |
 * | `dead`, `quarantined` | keeps the push and does not retry it automatically |
 * | `aborted` | keeps the push for the next start; the attempt does not count |
 */
export type AttemptResult =
  | { readonly state: Consumed | "aborted" }
  | { readonly state: "failed"; readonly error: unknown; readonly message: string; readonly delayMs: number }
  | { readonly state: "dead" | "quarantined"; readonly error: unknown; readonly message: string };

/** An attempt reached its time limit. Its handler may still run; its signal is aborted. */
export class AttemptTimeout extends Error {
  override readonly name = "AttemptTimeout";

  constructor(readonly timeoutMs: number) {
    super(`The handler did not end within ${timeoutMs} ms.`);
  }
}

/** Creates its signal only when a handler reads it, because most do not. */
export class RunningAttempt implements Attempt {
  #controller: AbortController | undefined;
  #reason: unknown;
  #isAborted = false;

  constructor(
    readonly number: number,
    readonly isRetry = false,
  ) {}

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/**
 * The delay after the failed attempt with this number: doubled each time up to the maximum, then a random value between half of it and all
 * of it, so that pushes that failed together are not retried together.
 */
export function retryDelayMs(
  attempt: number,
  { retryMs, maxRetryMs }: RetryDelays,
  random: () => number = Math.random,
): number {
  const delay = Math.min(maxRetryMs, retryMs * 2 ** (attempt - 1));
  return Math.round(delay * (0.5 + random() / 2));
}

/** An attempt whose handler has not ended. */
interface Running {
  readonly push: StoredPush;
  readonly attempt: RunningAttempt;
  abort(reason: Error): void;
}

const HANDLED: AttemptResult = { state: "handled" };
const IGNORED: AttemptResult = { state: "ignored" };
const ABORTED: AttemptResult = { state: "aborted" };

/**
 * Runs attempts for an inbox: time limits, retry delays, and when a push is dead. It stores and schedules nothing.
 * @example
 * const result = await attempts.run(push, { number: row.failures + 1 }, (result) => record(row, result));
 */
export class Attempts {
  readonly #running = new Set<Running>();

  constructor(
    private readonly consumer: Consumer,
    private readonly events: InboxEvents,
    private readonly limits: AttemptLimits,
  ) {}

  /**
   * Makes one attempt to handle a push: waits for its handler to be registered, runs it within the time limit, and calls `record` with the
   * result. Then it calls the event `failed` or `dead`, if any. `record` must not throw.
   * @param attempt `number` is 1 plus the number of failed attempts; `isRetry` as in {@link Attempt}
   * @returns what `record` returns: without a promise if all handlers are synchronous
   */
  run<R>(
    push: StoredPush,
    { number, isRetry = false }: { number: number; isRetry?: boolean },
    record: (result: AttemptResult) => R,
  ): R | Promise<R> {
    const end = (result: AttemptResult): R => {
      const recorded = record(result);
      if (result.state === "failed") this.events.failed(push, number, result.error, result.delayMs);
      else if (result.state === "dead") this.events.dead(push, number, result.error);
      return recorded;
    };
    const waiting = this.events.handlerOf?.(push);
    const attempt = new RunningAttempt(number, isRetry);
    if (waiting !== undefined) return this.#runAfter(waiting, push, attempt).then(end);
    const result = this.#attempt(push, attempt);
    return result instanceof Promise ? result.then(end) : end(result);
  }

  /** Runs a replay: one attempt, without events. Resolves with its result, or rejects with its error, as `Inbox.replay` does. */
  async replay(push: StoredPush): Promise<Consumed> {
    const result = await this.#attempt(push, new RunningAttempt(1));
    if ("error" in result) throw result.error;
    if (result.state !== "aborted") return result.state;
    throw new AirudderError("busy", "The receiver is closing; replay the push later.");
  }

  /**
   * Aborts the running attempts: their results are `aborted`. Call it when the time limit of `Inbox.close` has passed.
   * @returns the pushes of these attempts, except replays
   */
  abort(): readonly StoredPush[] {
    const running = [...this.#running];
    const reason = new Error("The receiver is closing.");
    for (const each of running) each.abort(reason);
    return running.map(({ push }) => push).filter(({ replay }) => replay === undefined);
  }

  /** Waits for the handler, outside the time limit. */
  #runAfter(waiting: Promise<void>, push: StoredPush, attempt: RunningAttempt): Promise<AttemptResult> {
    return new Promise((resolve) => {
      const running: Running = {
        push,
        attempt,
        abort: (reason) => {
          this.#running.delete(running);
          attempt.abort(reason);
          resolve(ABORTED);
        },
      };
      this.#running.add(running);
      void waiting.then(() => {
        if (this.#running.delete(running)) resolve(this.#attempt(push, attempt));
      });
    });
  }

  #attempt(push: StoredPush, attempt: RunningAttempt): AttemptResult | Promise<AttemptResult> {
    let returned: unknown;
    try {
      returned = this.consumer(push, attempt);
    } catch (error) {
      return this.#failed(error, attempt);
    }
    return isThenable(returned) ? this.#follow(Promise.resolve(returned), push, attempt) : succeeded(returned);
  }

  /** Resolves with whatever ends the attempt first: its handler, its time limit, or `abort`. */
  #follow(handling: Promise<unknown>, push: StoredPush, attempt: RunningAttempt): Promise<AttemptResult> {
    return new Promise((resolve) => {
      const end = (result: AttemptResult): void => {
        if (!this.#running.delete(running)) return;
        clearTimeout(timer);
        resolve(result);
      };
      const running: Running = {
        push,
        attempt,
        abort: (reason) => {
          attempt.abort(reason);
          end(ABORTED);
        },
      };
      this.#running.add(running);
      const timer = setTimeout(() => {
        const error = new AttemptTimeout(this.limits.timeoutMs);
        attempt.abort(error);
        end(this.#failed(error, attempt));
      }, this.limits.timeoutMs);
      handling.then(
        (returned) => end(succeeded(returned)),
        (error) => end(this.#failed(error, attempt)),
      );
    });
  }

  #failed(error: unknown, { number }: RunningAttempt): AttemptResult {
    const message = describeThrown(error);
    if (error instanceof Quarantined) return { state: "quarantined", error, message };
    if (number > this.limits.retries) return { state: "dead", error, message };
    return { state: "failed", error, message, delayMs: retryDelayMs(number, this.limits) };
  }
}

function succeeded(returned: unknown): AttemptResult {
  return returned === "ignored" ? IGNORED : HANDLED;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
