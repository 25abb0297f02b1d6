import { hash } from "node:crypto";
import { AirudderError } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { InboxEvents } from "../inbox/inbox.js";
import { describeError } from "../observe/describe-error.js";
import type { Recorder } from "../observe/recorder.js";
import type { Warnings } from "../observe/warnings.js";
import type { ReceiverSettings } from "../options.js";
import { authenticate } from "../push/authenticate.js";
import { newPushId } from "../push/id.js";
import { findSchema } from "../push/identify.js";
import { parseBody } from "../push/parse.js";
import type { Push, PushRequest, QuarantinedPush } from "../push/push.js";
import { findSubject } from "../push/subject.js";
import { type Validation, validate } from "../push/validate.js";
import { Duplicates, type PendingPush } from "./duplicates.js";
import { atEndOfTurn } from "./end-of-turn.js";
import { ForwardedPushes } from "./forwarded.js";
import { inboxUnavailable } from "./inbox-mode.js";
import { type AcceptResult, type CheckedPush, type ReceiverMode, settlesWithin } from "./mode.js";
import { errorResponse, type HttpResponse, OK_BODY, type OutcomeResult, type PushSummary } from "./response.js";

/** How long a replay waits for the inbox to open. With an inbox, `deadlineMs` does not apply to replays. */
const REPLAY_OPEN_TIMEOUT_MS = 60_000;

/** The functions of {@link InboxEvents} that concern duplicates. */
export type DuplicateEvents = Pick<InboxEvents, "recovered" | "forget" | "accept">;

/** Processes a push from its bytes to its response. */
export class Intake {
  readonly #duplicates: Duplicates;
  /** The summary of a request that is rejected before its push is identified. */
  readonly #defaultSummary: PushSummary;
  /** Set right after construction, because inbox mode reports recovered pushes to the intake. */
  mode!: ReceiverMode;
  closing = false;

  constructor(
    private readonly settings: ReceiverSettings,
    private readonly recorder: Recorder,
    private readonly warnings: Warnings,
  ) {
    this.#duplicates = new Duplicates(settings.duplicateWindowMs);
    this.#defaultSummary = { type: settings.type ?? "unknown", verified: false, duplicate: false, drift: 0 };
  }

  /** The events of the inbox that concern duplicates. */
  get duplicateEvents(): DuplicateEvents {
    const duplicates = this.#duplicates;
    const forwarded = new ForwardedPushes(duplicates, this.settings.duplicateWindowMs);
    return {
      recovered: ({ subject, type, sha256, receivedAt }) =>
        duplicates.recover(subject ?? type, sha256, receivedAt.getTime()),
      forget: () => duplicates.forget(),
      accept: (push, put, signal) => forwarded.accept(push, put, signal),
    };
  }

  /** Returns the response to a push, without a promise if nothing has to be awaited. Never throws: every error becomes a response. */
  process(received: PushRequest): HttpResponse | Promise<HttpResponse> {
    try {
      if (this.closing) throw new AirudderError("busy", "The receiver is closing. Send the push again.");
      const opening = this.mode.opening();
      return opening === undefined ? this.#process(received) : this.#processOnceOpen(opening, received);
    } catch (error) {
      return this.reject(error, received.startedAt);
    }
  }

  /** Reports a rejection to `observe` and, if the developer can fix it, as a warning. Returns the response. Accepts any thrown value. */
  reject(
    error: unknown,
    startedAt: number,
    summary: PushSummary = this.#defaultSummary,
    result: OutcomeResult = "rejected",
  ): HttpResponse {
    const rejection =
      error instanceof AirudderError
        ? error
        : new AirudderError("handler_failed", "The push could not be handled; send it again.", {
            cause: error,
            hint: `Unexpected error in the receiver: ${describeError(error, undefined).summary}`,
          });
    const { code, status, evidence } = rejection;
    const hint = evidence.hint === undefined ? {} : { hint: evidence.hint };
    this.recorder.emit({ event: "rejected", code, status, ...hint, ms: performance.now() - startedAt });
    if (WARNED.has(code) && evidence.hint !== undefined) {
      const message = `A push was rejected: ${status} ${code}. ${evidence.hint}`;
      this.warnings.warn("AIRUDDER_REJECTED", message, { key: message });
    }
    return errorResponse(rejection, summary, result);
  }

  /** Waits until the inbox is open. Before that, duplicates of pushes of earlier processes cannot be detected. */
  async #processOnceOpen(opening: Promise<void>, received: PushRequest): Promise<HttpResponse> {
    const { startedAt } = received;
    try {
      const isReplay = received.headers["airudder-replay"] !== undefined && this.mode.hasReplayTimeout;
      if (!(await settlesWithin(opening, isReplay ? REPLAY_OPEN_TIMEOUT_MS : this.#remainingMs(startedAt)))) {
        throw new AirudderError("busy", "The inbox is still opening. Send the push again.", {
          hint: "Opening the inbox takes longer than deadlineMs. Call receiver.ready() before the server listens.",
        });
      }
      await opening.catch((cause) => {
        throw inboxUnavailable(cause);
      });
      return await this.#process(received);
    } catch (error) {
      return this.reject(error, startedAt);
    }
  }

  #remainingMs(startedAt: number): number {
    return Math.max(0, this.settings.deadlineMs - (performance.now() - startedAt));
  }

  #process(received: PushRequest): HttpResponse | Promise<HttpResponse> {
    const { settings } = this;
    const payload = received.payload ?? parseBody(received.raw);
    const schema = findSchema(payload, settings.type);
    const type: PushType = schema?.type ?? settings.type ?? "unknown";
    const verified = authenticate(schema, payload, received, settings.sign);
    const validation = validate(schema, payload);
    const subject = findSubject(schema, payload);
    const digest = hash("sha256", received.body);
    const push = this.#createPush(received, type, payload, verified, validation);
    const summary: PushSummary = { type, verified, duplicate: false, drift: validation.drift.length };
    if (push.reserialised) (summary as { reserialised?: true }).reserialised = true;
    const checked: CheckedPush = { push, quarantined: validation.quarantined, schema, subject, digest, received };

    if (push.replay !== undefined || settings.duplicateWindowMs === 0 || this.mode.detectsDuplicates) {
      return this.#respondAccepted(checked, summary, this.#accept(checked));
    }
    const key = subject ?? type;
    const known = this.#duplicates.find(key, digest);
    if (known !== false) return this.#respondDuplicate(checked, summary, known === true ? undefined : known);
    const result = this.#accept(checked);
    if (typeof result === "string") {
      this.#duplicates.remember(key, digest);
      return this.#respondAccepted(checked, summary, result);
    }
    const pending = this.#duplicates.begin(key, digest, result);
    result.then(
      () => this.#duplicates.settle(pending, true),
      () => this.#duplicates.settle(pending, false),
    );
    return this.#respondAccepted(checked, summary, result, pending);
  }

  #createPush(
    received: PushRequest,
    type: PushType,
    payload: object,
    verified: boolean,
    validation: Validation,
  ): Push | QuarantinedPush {
    const replay = received.headers["airudder-replay"];
    return {
      id: newPushId(),
      type,
      payload,
      raw: received.raw,
      reserialised: received.reserialised,
      receivedAt: new Date(),
      attempt: 1,
      verified,
      replay: typeof replay === "string" ? replay : undefined,
      drift: validation.drift,
    } as Push | QuarantinedPush;
  }

  /** Accepts a push. Turns a synchronous throw into a rejected promise. */
  #accept(checked: CheckedPush): AcceptResult | Promise<AcceptResult> {
    try {
      return this.mode.accept(checked);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A duplicate waits for the first push, and gets the same response. */
  #respondDuplicate(
    { push, received }: CheckedPush,
    summary: PushSummary,
    pending: PendingPush | undefined,
  ): HttpResponse | Promise<HttpResponse> {
    const { id, type } = push;
    const result = pending === undefined ? "duplicate" : (pending.accepting as Promise<AcceptResult>);
    return this.#respond(result, received, { ...summary, duplicate: true }, pending, (_, ms) =>
      this.recorder.emit({ event: "duplicate", id, type, ms }),
    );
  }

  /** Responds to a push that is not a known duplicate. An inbox may still report it as one. */
  #respondAccepted(
    { push, received }: CheckedPush,
    summary: PushSummary,
    result: AcceptResult | Promise<AcceptResult>,
    pending?: PendingPush,
  ): HttpResponse | Promise<HttpResponse> {
    const { id, type, verified, drift, replay } = push;
    const emit = (settled: AcceptResult, ms: number): void => {
      if (settled === "duplicate") {
        this.recorder.emit({ event: "duplicate", id, type, ms });
        return;
      }
      this.recorder.emit({ event: "accepted", id, type, verified, replay: replay !== undefined, ms });
      if (drift.length > 0) this.recorder.emit({ event: "drift", id, type, drift });
    };
    const hasDeadline = replay === undefined || !this.mode.hasReplayTimeout;
    return this.#respond(result, received, summary, pending, emit, hasDeadline);
  }

  /**
   * Responds 200 once the push is accepted. Responds with an error if that fails, or if the deadline passes first.
   * @param pending the pending push that this request waits for
   * @param emit emits the events of an accepted push or a duplicate
   */
  #respond(
    result: AcceptResult | Promise<AcceptResult>,
    { startedAt }: PushRequest,
    summary: PushSummary,
    pending: PendingPush | undefined,
    emit: (result: AcceptResult, ms: number) => void,
    hasDeadline = true,
  ): HttpResponse | Promise<HttpResponse> {
    const succeed = (result: AcceptResult): HttpResponse => {
      emit(result, performance.now() - startedAt);
      const isDuplicate = summary.duplicate || result === "duplicate";
      return isDuplicate
        ? { status: 200, body: OK_BODY, summary: { ...summary, duplicate: true }, result: "duplicate" }
        : { status: 200, body: OK_BODY, summary, result };
    };
    if (typeof result === "string") return succeed(result);
    if (pending !== undefined) pending.waiting++;
    return new Promise((resolve) => {
      let isSettled = false;
      let timer: NodeJS.Timeout | undefined;
      const startDeadline = (): void => {
        if (isSettled) return;
        timer = setTimeout(() => {
          isSettled = true;
          if (pending !== undefined) {
            pending.waiting--;
            pending.isLate = true;
          }
          resolve(this.reject(tooSlow(this.settings.deadlineMs), startedAt, summary, "running"));
        }, this.#remainingMs(startedAt));
      };
      const settle = (respond: () => HttpResponse): void => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        resolve(respond());
      };
      if (hasDeadline) atEndOfTurn({ onEndOfTurn: startDeadline });
      result.then(
        (settled) => settle(() => succeed(settled)),
        (error) => settle(() => this.reject(error, startedAt, summary, resultOf(error))),
      );
    });
  }
}

/** Rejections that cause a warning, because the developer can fix the cause. */
const WARNED: ReadonlySet<string> = new Set([
  "missing_sign",
  "bad_sign",
  "bad_token",
  "replay_not_allowed",
  "too_large",
  "handler_failed",
  "body_already_consumed",
  "inbox_unavailable",
  "busy",
]);

function resultOf(error: unknown): OutcomeResult {
  return error instanceof AirudderError && error.code === "handler_failed" ? "failed" : "rejected";
}

function tooSlow(deadlineMs: number): AirudderError {
  return new AirudderError("busy", "The push is still being handled; send it again.", {
    hint: `The push was not stored or handled within ${deadlineMs} ms (option deadlineMs).`,
  });
}
