import { AirudderError } from "../errors.js";
import type { PushType } from "../generated/types.js";
import {
  type Attempt,
  type Consumed,
  type Consumer,
  consumedOf,
  type Inbox,
  type InboxEvents,
  Quarantined,
  type StoredPush,
} from "../inbox/inbox.js";
import { type HeaderMap, JournalError } from "../journal/index.js";
import { describeError, messageOf } from "../observe/describe-error.js";
import type { Recorder } from "../observe/recorder.js";
import type { Warnings } from "../observe/warnings.js";
import { findSchema, TYPES } from "../push/identify.js";
import { inflateBodySync, isEncoded } from "../push/inflate.js";
import { parseBody } from "../push/parse.js";
import type { Push, QuarantinedPush } from "../push/push.js";
import { findKeys } from "../push/subject.js";
import { validate } from "../push/validate.js";
import { AttemptTimeout, RunningAttempt } from "../work/attempt.js";
import type { HandlerContext, HandlerKey, HandlerResult, Handlers } from "./handlers.js";
import { withoutToken } from "./headers.js";
import { type AcceptResult, type CheckedPush, type ReceiverMode, settlesWithin } from "./mode.js";
import { warnUnhandled } from "./unhandled.js";

/** How long a push without a handler waits for `receiver.on()`. */
const HANDLER_WAIT_MS = 30_000;

const PARSED = Symbol("parsed");

/** A push that may still be in memory as it was parsed: it need not be parsed again. */
interface ParsedPush extends StoredPush {
  readonly [PARSED]?: CheckedPush;
}

interface StoredSettings {
  readonly token: string | undefined;
  readonly type: PushType | undefined;
  readonly maxBodyBytes: number;
}

/** Inbox mode: a push is kept once the inbox has stored it. The inbox runs its handlers later. */
export class InboxMode implements ReceiverMode {
  readonly limitsReplays = true;
  #started = false;
  /** Rejected promise, if `inbox.consume()` threw. */
  #broken: Promise<void> | undefined;
  #isOpen = false;
  #opening: Promise<void> | undefined;
  /** For each type without a handler: the wait for one, or `over`. Each type waits only once. */
  readonly #waits = new Map<string, Promise<void> | "over">();

  constructor(
    private readonly inbox: Inbox,
    private readonly handlers: Handlers,
    private readonly recorder: Recorder,
    private readonly warnings: Warnings,
    private readonly settings: StoredSettings,
    private readonly recovered: InboxEvents["recovered"],
  ) {}

  /** Starts handling, also of pushes that an earlier process stored. Further calls do nothing. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    const fail = (error: unknown): void => {
      this.#broken = Promise.reject(error);
      this.#broken.catch(() => undefined);
    };
    try {
      const consuming: unknown = this.#consumeAll();
      // An inbox may have made it an async function.
      if (consuming instanceof Promise) consuming.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #consumeAll(): unknown {
    return this.inbox.consume(this.#consume, {
      recovered: this.recovered,
      failed: ({ id, type }, attempt, error, delayMs) => {
        this.recorder.emit({ event: "failed", id, type, attempt, error, delayMs });
        this.#warnUnseen(id, type, attempt, error);
      },
      dead: (push, attempt, error) => this.#dead(push, attempt, error),
      handlerOf: (push) => this.#handlerOf(push),
      retry: (id) => this.retry(id),
      warn: (code, message) => this.warnings.warn(code, message, { key: message }),
    });
  }

  opening(): Promise<void> | undefined {
    if (this.#isOpen && this.#broken === undefined) return undefined;
    this.start();
    const opening = this.ready();
    opening.catch(() => undefined);
    return opening;
  }

  /** Resolves when pushes can be stored. */
  ready(): Promise<void> {
    if (this.#broken !== undefined) return this.#broken;
    this.#opening ??= call(() => this.inbox.ready?.())
      .then(() => {
        this.#isOpen = true;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  readonly accept = (admitted: CheckedPush): Promise<AcceptResult> => {
    const stored = this.#describe(admitted);
    return admitted.push.replay === undefined ? this.#put(stored) : this.#replay(stored);
  };

  #put(stored: StoredPush): Promise<AcceptResult> {
    const fail = (cause: unknown): never => {
      throw unavailable(cause, (stored as ParsedPush)[PARSED]?.push.payload);
    };
    let putting: Promise<void> | undefined;
    try {
      putting = this.inbox.put(stored);
    } catch (error) {
      return fail(error);
    }
    if (typeof putting?.then !== "function") {
      return fail(new TypeError("The inbox's put() must return a promise that resolves when the push is stored."));
    }
    return putting.then(storedResult, fail);
  }

  /** Handles a replay after the earlier pushes of its subject, without storing it. */
  async #replay(stored: StoredPush): Promise<HandlerResult> {
    try {
      if (this.inbox.replay !== undefined) return await this.inbox.replay(stored);
      return consumedOf(await this.#consume(stored, new RunningAttempt(1)));
    } catch (error) {
      if (error instanceof Quarantined) return "quarantined";
      if (error instanceof AirudderError && error.code === "busy") throw error;
      if (error instanceof JournalError) throw unavailable(error);
      const { id, type } = stored;
      this.recorder.emit({ event: "failed", id, type, attempt: 1, error });
      throw new AirudderError("handler_failed", "The push could not be handled.", { cause: error });
    }
  }

  async close(limitMs: number): Promise<void> {
    await settlesWithin(
      call(() => this.inbox.close(limitMs)),
      limitMs + 1_000,
    );
  }

  /**
   * Retries a dead push.
   * @throws AirudderError `no_handler`
   */
  async retry(id: string): Promise<boolean> {
    const push = (await this.inbox.dead?.(id))?.find((each) => each.id === id);
    if (push === undefined || this.inbox.retry === undefined) return false;
    const { type, quarantined } = push;
    const isTaken = this.handlers.has({ type, quarantined }) || this.handlers.has({ type, quarantined: false });
    if (!isTaken) {
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

  #describe(admitted: CheckedPush): ParsedPush {
    const { push, quarantined, schema, subject, digest, received } = admitted;
    const { id, type, receivedAt, reserialised, verified, replay, drift } = push;
    const { method, url, headers, body } = received;
    const keys = findKeys(schema, push.payload);
    return {
      id,
      type,
      receivedAt,
      method,
      url,
      // No header is there without a value.
      headers: withoutToken(headers as HeaderMap, this.settings.token),
      body,
      sha256: digest,
      reserialised,
      verified,
      replay,
      subject,
      task: keys.task,
      call: keys.call,
      workflow: keys.workflow,
      drift: drift.length,
      quarantined,
      [PARSED]: admitted,
    };
  }

  /** A promise that a push without a handler waits for; `undefined` if it has one, or if its type has waited before. */
  #handlerOf({ type, quarantined }: HandlerKey): Promise<void> | undefined {
    if (quarantined || this.handlers.has({ type, quarantined })) return undefined;
    // Without a handler the inbox keeps it (quarantined), so it waits only while no handler at all is registered.
    if (type === "unknown" && this.handlers.size > 0) return undefined;
    const known = this.#waits.get(type);
    if (known !== undefined) return known === "over" ? undefined : known;
    const wait = this.handlers.wait({ type, quarantined }, HANDLER_WAIT_MS).then(() => {
      this.#waits.set(type, "over");
    });
    this.#waits.set(type, wait);
    return wait;
  }

  readonly #consume: Consumer = (stored, attempt) => {
    const { push, quarantined } = this.#read(stored, attempt.number);
    const waiting = stored.replay === undefined ? this.#handlerOf({ type: push.type, quarantined }) : undefined;
    return waiting === undefined
      ? this.#handle(push, quarantined, attempt)
      : waiting.then(() => this.#handle(push, quarantined, attempt));
  };

  #handle(push: Push | QuarantinedPush, quarantined: boolean, attempt: Attempt): Consumed | Promise<Consumed> {
    const startedAt = performance.now();
    const { id, type } = push;
    const succeed = (result: HandlerResult): Consumed => {
      // The time limit has ended the attempt: its failure was reported, and a retry may have begun.
      if ((attempt as Partial<RunningAttempt>).isOver === true) return "ignored";
      if (result === "handled") {
        const ms = performance.now() - startedAt;
        this.recorder.emit({ event: "handled", id, type, attempt: attempt.number, ms });
        return result;
      }
      if (attempt.number === 1) warnUnhandled(this.warnings, { type, result, kept: push.replay === undefined });
      if (result === "quarantined") {
        this.recorder.emit({ event: "quarantined", id, type, drift: push.drift });
        throw new Quarantined();
      }
      // It had a handler that failed: a process without that handler must not make the push disappear.
      if (attempt.number > 1 || attempt.isRetry) {
        throw new AirudderError("no_handler", `No handler takes ${type}, and an earlier attempt of this push failed.`);
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

  /** Warns about failures that no handler caused: a time limit, or an unreadable body. Their messages contain no payload values. */
  #warnUnseen(id: string, type: PushType, attempt: number, error: unknown): void {
    if (!(error instanceof AttemptTimeout || error instanceof AirudderError)) return;
    this.warnings.warn(
      "AIRUDDER_ATTEMPT_FAILED",
      `Attempt ${attempt} of ${type}, push ${id}, failed: ${messageOf(error)}`,
    );
  }

  #dead({ id, type }: { id: string; type: PushType }, attempt: number, error: unknown): void {
    this.recorder.emit({ event: "dead", id, type, attempt, error });
    this.#warnUnseen(id, type, attempt, error);
    this.warnings.warn(
      "AIRUDDER_DEAD",
      `The push ${id} of type ${type} is dead after ${attempt} failed attempts: the inbox keeps it. Fix the handler, then call receiver.retry("${id}"). To discard the push, call receiver.drop("${id}").`,
    );
  }

  /** The push of a stored one. A newer version of this package may see more in it than the one that stored it. */
  #read(stored: StoredPush, attempt: number): { push: Push | QuarantinedPush; quarantined: boolean } {
    const parsed = (stored as ParsedPush)[PARSED];
    if (parsed !== undefined) {
      const push = attempt === 1 ? parsed.push : ({ ...parsed.push, attempt } as Push);
      return { push, quarantined: parsed.quarantined };
    }
    const encoding = stored.headers["content-encoding"];
    const raw =
      typeof encoding === "string" && isEncoded(encoding) && !stored.reserialised
        ? inflateBodySync(stored.body, encoding, this.settings.maxBodyBytes)
        : stored.body;
    const payload = parseBody(raw);
    const stated = this.settings.type ?? (TYPES.includes(stored.type) ? stored.type : "unknown");
    const schema = findSchema(payload, stated === "unknown" ? undefined : stated);
    const type = schema?.type ?? stated;
    const { quarantined, drift } = validate(schema, payload);
    const { id, reserialised, receivedAt, verified, replay } = stored;
    const push = { id, type, payload, raw, reserialised, receivedAt, attempt, verified, replay, drift } as Push;
    return { push, quarantined };
  }
}

/** Asks for the signal, which is made then, only when a handler does. */
class Context implements HandlerContext {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }
}

function storedResult(): AcceptResult {
  return "stored";
}

/** Calls a function of an inbox, and turns a synchronous throw into a rejection. */
async function call<T>(run: () => T | Promise<T>): Promise<T> {
  return run();
}

/** The rejection of a push that the inbox could not store. */
export function unavailable(cause: unknown, payload?: object): AirudderError {
  const hint = cause instanceof JournalError ? cause.message : describeError(cause, payload).summary;
  return new AirudderError("inbox_unavailable", "The push could not be stored; send it again.", { cause, hint });
}
