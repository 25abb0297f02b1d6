import { AirudderError } from "../errors.js";
import { describeThrown } from "../observe/describe-error.js";
import { type Attempt, type Consumed, type InboxEvents, Quarantined, type StoredPush } from "./inbox.js";

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

/** Error of an attempt that reached its time limit. Its signal is aborted; its handler may still run. */
export class AttemptTimeout extends Error {
  override readonly name = "AttemptTimeout";

  constructor(readonly timeoutMs: number) {
    super(`The handler did not end within ${timeoutMs} ms.`);
  }
}

/**
 * Thrown by the inbox, not by a handler, if the result of an attempt does not count: another process may have taken over the push, or it is
 * unknown whether the result was stored. The attempt ends as `aborted`.
 */
export class AttemptLost extends Error {
  override readonly name = "AttemptLost";
}

/** An attempt that can be aborted. It creates its signal only when a handler reads it, because most handlers do not. */
export class AbortableAttempt implements Attempt {
  #controller: AbortController | undefined;
  #reason: unknown;
  #isAborted = false;
  /** Whether its result is being stored. The time limit and `Attempts.abort` no longer end it. */
  isEnding = false;

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
 * Computes the delay after a failed attempt, in milliseconds. The base delay doubles with each attempt, up to the maximum. The result is a
 * random value between half of the base delay and all of it, so that pushes that failed together are not retried together.
 * @param attempt number of the failed attempt, from 1
 */
export function retryDelayMs(
  attempt: number,
  { retryMs, maxRetryMs }: RetryDelays,
  random: () => number = Math.random,
): number {
  const delay = Math.min(maxRetryMs, retryMs * 2 ** (attempt - 1));
  return Math.round(delay * (0.5 + random() / 2));
}

/** An attempt whose handler has not ended, or is not registered yet. */
interface UnfinishedAttempt {
  readonly push: StoredPush;
  readonly attempt: AbortableAttempt;
  abort(reason: Error): void;
}

const HANDLED: AttemptResult = { state: "handled" };
const IGNORED: AttemptResult = { state: "ignored" };
const ABORTED: AttemptResult = { state: "aborted" };

/**
 * Runs attempts for an inbox. It applies the time limit, computes retry delays, and decides when a push is dead. It stores and schedules
 * nothing.
 * @example
 * const result = await attempts.run(push, { number: row.failures + 1 }, (result) => record(row, result));
 */
export class Attempts {
  readonly #running = new Set<UnfinishedAttempt>();

  constructor(
    private readonly consumer: (push: StoredPush, attempt: AbortableAttempt) => unknown,
    private readonly events: InboxEvents,
    private readonly limits: AttemptLimits,
  ) {}

  /**
   * Makes one attempt to handle a push:
   *
   * 1. Waits until a handler for it is registered.
   * 2. Runs the handlers within the time limit.
   * 3. Calls `record` with the result. `record` must not throw.
   * 4. Calls `failed` or `dead` of the events, if the attempt failed.
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
    const registered = this.events.waitForHandler?.(push);
    const attempt = new AbortableAttempt(number, isRetry);
    if (registered !== undefined) return this.#runAfter(registered, push, attempt).then(end);
    const result = this.#attempt(push, attempt);
    return result instanceof Promise ? result.then(end) : end(result);
  }

  /** Runs a replay: one attempt, without events. Resolves with its result, or rejects with its error, as `Inbox.replay` does. */
  async replay(push: StoredPush): Promise<Consumed> {
    const result = await this.#attempt(push, new AbortableAttempt(1));
    if ("error" in result) throw result.error;
    if (result.state !== "aborted") return result.state;
    throw new AirudderError("busy", "The receiver is closing; replay the push later.");
  }

  /**
   * Aborts the running attempts: their results are `aborted`. Call it when the time limit of `Inbox.close` has passed.
   * @param push aborts only the attempt of this push
   * @returns the pushes of these attempts, except replays
   */
  abort(push?: StoredPush, reason = new Error("The receiver is closing.")): readonly StoredPush[] {
    const running = [...this.#running].filter(
      (each) => !each.attempt.isEnding && (push === undefined || each.push === push),
    );
    for (const each of running) each.abort(reason);
    return running.map(({ push }) => push).filter(({ replay }) => replay === undefined);
  }

  /** Waits until a handler is registered, then makes the attempt. The time limit starts after the wait. */
  #runAfter(registered: Promise<void>, push: StoredPush, attempt: AbortableAttempt): Promise<AttemptResult> {
    return new Promise((resolve) => {
      const running: UnfinishedAttempt = {
        push,
        attempt,
        abort: (reason) => {
          this.#running.delete(running);
          attempt.abort(reason);
          resolve(ABORTED);
        },
      };
      this.#running.add(running);
      void registered.then(() => {
        if (this.#running.delete(running)) resolve(this.#attempt(push, attempt));
      });
    });
  }

  #attempt(push: StoredPush, attempt: AbortableAttempt): AttemptResult | Promise<AttemptResult> {
    let returned: unknown;
    try {
      returned = this.consumer(push, attempt);
    } catch (error) {
      return this.#failureResult(error, attempt);
    }
    return isThenable(returned) ? this.#awaitEnd(Promise.resolve(returned), push, attempt) : successResult(returned);
  }

  /** Resolves with whatever ends the attempt first: its handler, its time limit, or `abort`. */
  #awaitEnd(handling: Promise<unknown>, push: StoredPush, attempt: AbortableAttempt): Promise<AttemptResult> {
    return new Promise((resolve) => {
      const end = (result: AttemptResult): void => {
        if (!this.#running.delete(running)) return;
        clearTimeout(timer);
        resolve(result);
      };
      const running: UnfinishedAttempt = {
        push,
        attempt,
        abort: (reason) => {
          attempt.abort(reason);
          end(ABORTED);
        },
      };
      this.#running.add(running);
      const timer = setTimeout(() => {
        if (attempt.isEnding) return;
        const error = new AttemptTimeout(this.limits.timeoutMs);
        attempt.abort(error);
        end(this.#failureResult(error, attempt));
      }, this.limits.timeoutMs);
      handling.then(
        (returned) => end(successResult(returned)),
        (error) => end(this.#failureResult(error, attempt)),
      );
    });
  }

  #failureResult(error: unknown, { number }: AbortableAttempt): AttemptResult {
    const message = describeThrown(error);
    if (error instanceof AttemptLost) return ABORTED;
    if (error instanceof Quarantined) return { state: "quarantined", error, message };
    if (number > this.limits.retries) return { state: "dead", error, message };
    return { state: "failed", error, message, delayMs: retryDelayMs(number, this.limits) };
  }
}

function successResult(returned: unknown): AttemptResult {
  return returned === "ignored" ? IGNORED : HANDLED;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
