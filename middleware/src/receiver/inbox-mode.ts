import { AirudderError } from "../errors.js";
import type { PushType } from "../generated/types.js";
import { AbortableAttempt, AttemptTimeout } from "../inbox/attempts.js";
import {
  type Attempt,
  type Consumed,
  type Consumer,
  type DeadPush,
  type Inbox,
  type InboxEvents,
  Quarantined,
  type StoredPush,
} from "../inbox/inbox.js";
import { JournalError } from "../journal/index.js";
import { describeError, messageOf } from "../observe/describe-error.js";
import type { Recorder } from "../observe/recorder.js";
import type { Warnings } from "../observe/warnings.js";
import { decompressBodySync, isEncoded } from "../push/decompress.js";
import { findSchema, TYPES } from "../push/identify.js";
import { parseBody } from "../push/parse.js";
import type { Push, QuarantinedPush } from "../push/push.js";
import { validate } from "../push/validate.js";
import type { HandlerContext, HandlerKey, HandlerResult, Handlers } from "./handlers.js";
import { type AcceptResult, type CheckedPush, type ReceiverMode, settlesWithin } from "./mode.js";
import { ParsedStoredPush } from "./parsed-stored-push.js";
import { warnUnhandled } from "./unhandled.js";

/** How long a push without a handler waits for `receiver.on()`. */
const HANDLER_WAIT_MS = 30_000;
/** Delay before the next attempt to open the inbox. */
const REOPEN_MS = 1_000;

interface InboxModeSettings {
  readonly token: string | undefined;
  readonly type: PushType | undefined;
  readonly maxBodyBytes: number;
  readonly duplicateWindowMs: number;
  readonly work: boolean;
}

/** Inbox mode: a push is accepted once the inbox has stored it. The inbox runs its handlers later. */
export class InboxMode implements ReceiverMode {
  readonly hasReplayTimeout = true;
  readonly #events: InboxEvents;
  #isStarted = false;
  /** Whether this process handles pushes. */
  #works: boolean;
  #isConsuming = false;
  /** A rejected promise if `inbox.consume()` has failed. The inbox is then unusable. */
  #consumeFailure: Promise<void> | undefined;
  #isOpen = false;
  #isClosed = false;
  #opening: Promise<void> | undefined;
  /** For each type without a handler: a promise that resolves when the wait for a handler ends; then `over`. Each type waits only once. */
  readonly #handlerWaits = new Map<string, Promise<void> | "over">();

  constructor(
    private readonly inbox: Inbox,
    private readonly handlers: Handlers,
    private readonly recorder: Recorder,
    private readonly warnings: Warnings,
    private readonly settings: InboxModeSettings,
    recovered: InboxEvents["recovered"],
  ) {
    this.#works = settings.work;
    this.#events = {
      recovered,
      failed: ({ id, type }, attempt, error, delayMs) => {
        this.recorder.emit({ event: "failed", id, type, attempt, error, delayMs });
        this.#warnFailureOutsideHandler(id, type, attempt, error);
      },
      dead: (push, attempt, error) => this.#reportDead(push, attempt, error),
      waitForHandler: (push) => this.#waitForHandler(push),
      retry: (id) => this.retry(id),
      warn: (code, message) => this.warnings.warn(code, message, { key: message }),
    };
  }

  get detectsDuplicates(): boolean {
    return this.inbox.detectsDuplicates === true;
  }

  /** Starts handling pushes as soon as the inbox is open, including those that an earlier process stored. Further calls do nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#openUntilSuccess();
  }

  /** Retries until the inbox is open. Does not wait for a request, because the inbox may contain pushes of an earlier process. */
  async #openUntilSuccess(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.open();
        return;
      } catch (error) {
        if (this.#consumeFailure !== undefined || this.#isClosed) return;
        const message = reasonOf(error);
        this.warnings.warn("AIRUDDER_INBOX_UNAVAILABLE", message, { key: message });
      }
      await new Promise((resolve) => setTimeout(resolve, REOPEN_MS).unref());
    }
  }

  /** Makes this process handle pushes, although the option `work` is `false`. */
  enableWork(): void {
    this.#works = true;
  }

  opening(): Promise<void> | undefined {
    if (this.#isOpen && this.#consumeFailure === undefined) return undefined;
    this.start();
    const opening = this.open();
    opening.catch(() => undefined);
    return opening;
  }

  /** Resolves when pushes can be stored. Rejects with the reason if they cannot. */
  open(): Promise<void> {
    if (this.#consumeFailure !== undefined) return this.#consumeFailure;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    await this.inbox.open(this.#events);
    if (this.#isStarted && this.#works && !this.#isConsuming && !this.#isClosed) await this.#startConsuming();
    this.#isOpen = true;
  }

  async #startConsuming(): Promise<void> {
    this.#isConsuming = true;
    const fail = (error: unknown): never => {
      this.#consumeFailure = Promise.reject(error);
      this.#consumeFailure.catch(() => undefined);
      throw error;
    };
    try {
      // An async `consume` may run until the inbox closes, so only its immediate failure is awaited.
      const consuming: unknown = this.inbox.consume(this.#consume);
      if (!(consuming instanceof Promise)) return;
      consuming.catch(fail).catch(() => undefined);
      await Promise.race([consuming, undefined]);
    } catch (error) {
      fail(error);
    }
  }

  accept(checked: CheckedPush): Promise<AcceptResult> {
    const stored = new ParsedStoredPush(checked, this.settings.token);
    return checked.push.replay === undefined ? this.#put(stored, checked.push.payload) : this.#replay(stored);
  }

  #put(stored: StoredPush, payload: object): Promise<AcceptResult> {
    const fail = (cause: unknown): never => {
      throw inboxUnavailable(cause, payload);
    };
    let putting: Promise<unknown>;
    try {
      putting = this.inbox.put(stored, this.settings.duplicateWindowMs);
      if (typeof putting?.then !== "function") throw wrongPutResult("it returned no promise");
    } catch (error) {
      return fail(error);
    }
    return putting.then((result) => {
      if (result === "stored" || result === "duplicate") return result;
      return fail(wrongPutResult(`it resolved to ${result === undefined ? "undefined" : "another value"}`));
    }, fail);
  }

  /** Handles a replay after the earlier pushes of its subject, without storing it. */
  async #replay(stored: StoredPush): Promise<HandlerResult> {
    try {
      if (this.inbox.replay !== undefined) return await this.inbox.replay(stored);
      return (await this.#consume(stored, new AbortableAttempt(1))) === "ignored" ? "ignored" : "handled";
    } catch (error) {
      if (error instanceof Quarantined) return "quarantined";
      if (error instanceof AirudderError && error.code === "busy") throw error;
      if (error instanceof JournalError) throw inboxUnavailable(error);
      const { id, type } = stored;
      this.recorder.emit({ event: "failed", id, type, attempt: 1, error });
      throw new AirudderError("handler_failed", "The push could not be handled.", { cause: error });
    }
  }

  async close(limitMs: number): Promise<void> {
    this.#isClosed = true;
    await settlesWithin(
      callAsync(() => this.inbox.close(limitMs)),
      limitMs + 1_000,
    );
  }

  /** The dead and quarantined pushes; with `id`, only the one with this id. */
  async dead(id?: string): Promise<readonly DeadPush[]> {
    await this.open();
    return (await this.inbox.dead?.(id)) ?? [];
  }

  async drop(id: string): Promise<boolean> {
    await this.open();
    return (await this.inbox.drop?.(id)) ?? false;
  }

  /**
   * Retries a dead or quarantined push. Resolves with `false` if there is none with this id.
   * @throws AirudderError `no_handler`
   */
  async retry(id: string): Promise<boolean> {
    const push = (await this.dead(id)).find((each) => each.id === id);
    if (push === undefined || this.inbox.retry === undefined) return false;
    const { type, quarantined } = push;
    const hasHandler =
      !this.#works || this.handlers.has({ type, quarantined }) || this.handlers.has({ type, quarantined: false });
    if (!hasHandler) {
      throw new AirudderError(
        "no_handler",
        `The push ${id} cannot be retried: no handler is registered for its type ${type}.`,
        {
          hint: `Register receiver.on("${type}", handler) before you retry it, or discard it with receiver.drop("${id}").`,
        },
      );
    }
    return this.inbox.retry(id);
  }

  /** Waits for a handler of a push that has none. `undefined`: the push has a handler, or its type has waited before. */
  #waitForHandler({ type, quarantined }: HandlerKey): Promise<void> | undefined {
    if (quarantined || this.handlers.has({ type, quarantined })) return undefined;
    // A push of type `unknown` waits only until any handler is registered. If it is for another type, the inbox keeps the push as quarantined.
    if (type === "unknown" && this.handlers.size > 0) return undefined;
    const known = this.#handlerWaits.get(type);
    if (known !== undefined) return known === "over" ? undefined : known;
    const wait = this.handlers.wait({ type, quarantined }, HANDLER_WAIT_MS).then(() => {
      this.#handlerWaits.set(type, "over");
    });
    this.#handlerWaits.set(type, wait);
    return wait;
  }

  readonly #consume: Consumer = (stored, attempt) => {
    const { push, quarantined } = this.#read(stored, attempt.number);
    const waiting = stored.replay === undefined ? this.#waitForHandler({ type: push.type, quarantined }) : undefined;
    return waiting === undefined
      ? this.#handle(push, quarantined, attempt)
      : waiting.then(() => this.#handle(push, quarantined, attempt));
  };

  #handle(push: Push | QuarantinedPush, quarantined: boolean, attempt: Attempt): Consumed | Promise<Consumed> {
    const startedAt = performance.now();
    const { id, type } = push;
    const reportHandled = (): Consumed => {
      const ms = performance.now() - startedAt;
      this.recorder.emit({ event: "handled", id, type, attempt: attempt.number, ms });
      return "handled";
    };
    const succeed = (result: HandlerResult): Consumed | Promise<Consumed> => {
      // Too late: the attempt has already failed at its time limit, or the inbox has closed. A retry may be running.
      // The inbox discards this return value.
      if (attempt.isAborted ?? attempt.signal.aborted) return "ignored";
      if (result === "handled") return attempt.commit?.()?.then(reportHandled) ?? reportHandled();
      if (attempt.number === 1) warnUnhandled(this.warnings, { type, result, isStored: push.replay === undefined });
      if (result === "quarantined") {
        this.recorder.emit({ event: "quarantined", id, type, drift: push.drift });
        throw new Quarantined();
      }
      // An earlier attempt failed, so another process has a handler for this push. This process must not discard it as ignored.
      if (attempt.number > 1 || attempt.isRetry) {
        throw new AirudderError(
          "no_handler",
          `No handler is registered for ${type}, and an earlier attempt of this push failed.`,
        );
      }
      this.recorder.emit({ event: "ignored", id, type });
      return result;
    };
    const fail = (error: unknown): never => {
      this.#warnFailed(push, attempt.number, error);
      throw error;
    };
    let handling: HandlerResult | Promise<HandlerResult>;
    try {
      handling = this.handlers.run(push, quarantined, new Context(attempt));
    } catch (error) {
      return fail(error);
    }
    return typeof handling === "string" ? succeed(handling) : handling.then(succeed, fail);
  }

  #warnFailed({ id, type, payload }: Push | QuarantinedPush, attempt: number, error: unknown): void {
    const { summary, locations } = describeError(error, payload);
    const message = `A handler of ${type} failed, push ${id}, attempt ${attempt}: ${summary}`;
    this.warnings.warn("AIRUDDER_HANDLER_FAILED", message, { detail: locations });
  }

  /** Warns about a failure that no handler caused: a time limit, or an unreadable body. Its message contains no payload values. */
  #warnFailureOutsideHandler(id: string, type: PushType, attempt: number, error: unknown): void {
    if (!(error instanceof AttemptTimeout || error instanceof AirudderError)) return;
    this.warnings.warn(
      "AIRUDDER_ATTEMPT_FAILED",
      `Attempt ${attempt} of ${type}, push ${id}, failed: ${messageOf(error)}`,
    );
  }

  #reportDead({ id, type }: { id: string; type: PushType }, attempt: number, error: unknown): void {
    this.recorder.emit({ event: "dead", id, type, attempt, error });
    this.#warnFailureOutsideHandler(id, type, attempt, error);
    this.warnings.warn(
      "AIRUDDER_DEAD",
      `The push ${id} of type ${type} is dead (failed attempts: ${attempt}). The inbox keeps it. Fix the handler, then call receiver.retry("${id}"). To discard the push, call receiver.drop("${id}").`,
    );
  }

  /**
   * The parsed form of a stored push. A push that is no longer in memory is parsed and validated again. An earlier version of this package
   * may have stored it, so its type may now be identified differently.
   */
  #read(stored: StoredPush, attempt: number): { push: Push | QuarantinedPush; quarantined: boolean } {
    const parsed = ParsedStoredPush.checkedOf(stored);
    if (parsed !== undefined) {
      const push = attempt === 1 ? parsed.push : ({ ...parsed.push, attempt } as Push);
      return { push, quarantined: parsed.quarantined };
    }
    const encoding = stored.headers["content-encoding"];
    const raw =
      typeof encoding === "string" && isEncoded(encoding) && !stored.reserialised
        ? decompressBodySync(stored.body, encoding, this.settings.maxBodyBytes)
        : stored.body;
    const payload = parseBody(raw);
    const storedType = this.settings.type ?? (TYPES.includes(stored.type) ? stored.type : "unknown");
    const schema = findSchema(payload, storedType === "unknown" ? undefined : storedType);
    const type = schema?.type ?? storedType;
    const { quarantined, drift } = validate(schema, payload);
    const { id, reserialised, receivedAt, verified, replay } = stored;
    const push = { id, type, payload, raw, reserialised, receivedAt, attempt, verified, replay, drift } as Push;
    return { push, quarantined };
  }
}

/** Reads `attempt.signal` only if a handler reads `signal`, because reading it creates an `AbortController`. */
class Context implements HandlerContext<unknown> {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  get transaction(): unknown {
    return (this.#attempt as Attempt<unknown>).transaction;
  }
}

/** Calls a function, and turns a synchronous throw into a rejected promise. */
async function callAsync<T>(run: () => T | Promise<T>): Promise<T> {
  return run();
}

/** The rejection of a push that the inbox could not store. */
export function inboxUnavailable(cause: unknown, payload?: object): AirudderError {
  const hint = reasonOf(cause, payload);
  return new AirudderError("inbox_unavailable", "The push could not be stored; send it again.", { cause, hint });
}

function reasonOf(cause: unknown, payload?: object): string {
  return cause instanceof JournalError ? cause.message : describeError(cause, payload).summary;
}

function wrongPutResult(what: string): TypeError {
  return new TypeError(`The inbox's put() must return a promise that resolves to "stored" or "duplicate"; ${what}.`);
}
