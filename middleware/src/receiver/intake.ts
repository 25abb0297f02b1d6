import { hash } from "node:crypto";
import { AirudderError } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { RecoveredPush } from "../inbox/inbox.js";
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
import { Duplicates, type Pending } from "./duplicates.js";
import { atEndOfTurn } from "./end-of-turn.js";
import { unavailable } from "./inbox-mode.js";
import { type AcceptResult, type CheckedPush, type ReceiverMode, settlesWithin } from "./mode.js";
import { errorResponse, type HttpResponse, OK_BODY, type OutcomeResult, type PushSummary } from "./response.js";

/** Time limit of a replay for the inbox to open, because a replay has no deadline. */
const MAX_OPENING_MS = 60_000;

/** Processes a push from its bytes to its response. */
export class Intake {
  readonly #duplicates: Duplicates;
  readonly #noSummary: PushSummary;
  /** Set right after construction, because inbox mode needs the intake to report recovered pushes. */
  mode!: ReceiverMode;
  closing = false;

  constructor(
    private readonly settings: ReceiverSettings,
    private readonly recorder: Recorder,
    private readonly warnings: Warnings,
  ) {
    this.#duplicates = new Duplicates(settings.duplicateWindowMs);
    this.#noSummary = { type: settings.type ?? "unknown", verified: false, duplicate: false, drift: 0 };
  }

  /** Remembers a push that an earlier process accepted, to detect its duplicates. */
  recovered({ subject, type, sha256, receivedAt }: RecoveredPush): void {
    this.#duplicates.recover(subject ?? type, sha256, receivedAt.getTime());
  }

  /** Never throws: every error becomes a response. */
  process(received: PushRequest): HttpResponse | Promise<HttpResponse> {
    try {
      if (this.closing) throw new AirudderError("busy", "The receiver is closing; send it again.");
      const opening = this.mode.opening();
      return opening === undefined ? this.#process(received) : this.#processOnceOpen(opening, received);
    } catch (error) {
      return this.reject(error, received.startedAt);
    }
  }

  /** The response to any error. */
  reject(
    error: unknown,
    startedAt: number,
    summary: PushSummary = this.#noSummary,
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

  /** Waits until the inbox is open: only then are the pushes of earlier processes known, and duplicates can be detected. */
  async #processOnceOpen(opening: Promise<void>, received: PushRequest): Promise<HttpResponse> {
    const { startedAt } = received;
    try {
      const isReplay = received.headers["airudder-replay"] !== undefined && this.mode.limitsReplays;
      if (!(await settlesWithin(opening, isReplay ? MAX_OPENING_MS : this.#remainingMs(startedAt)))) {
        throw new AirudderError("busy", "The inbox is still opening; send it again.", {
          hint: "Opening the inbox takes longer than deadlineMs. Call receiver.ready() before the server listens.",
        });
      }
      await opening.catch((cause) => {
        throw unavailable(cause);
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
    const push = this.#push(received, type, payload, verified, validation);
    const summary: PushSummary = { type, verified, duplicate: false, drift: validation.drift.length };
    if (push.reserialised) (summary as { reserialised?: true }).reserialised = true;
    const checked: CheckedPush = { push, quarantined: validation.quarantined, schema, subject, digest, received };

    if (push.replay !== undefined || settings.duplicateWindowMs === 0) {
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

  #push(
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

  /** Treats a synchronous throw like a rejection. */
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
    pending: Pending | undefined,
  ): HttpResponse | Promise<HttpResponse> {
    const { id, type } = push;
    const result = pending === undefined ? "duplicate" : (pending.accepting as Promise<AcceptResult>);
    return this.#respond(result, received, { ...summary, duplicate: true }, pending, (_, ms) =>
      this.recorder.emit({ event: "duplicate", id, type, ms }),
    );
  }

  #respondAccepted(
    { push, received }: CheckedPush,
    summary: PushSummary,
    result: AcceptResult | Promise<AcceptResult>,
    pending?: Pending,
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
    const hasDeadline = replay === undefined || !this.mode.limitsReplays;
    return this.#respond(result, received, summary, pending, emit, hasDeadline);
  }

  /** Responds 200 once the push is accepted, or with an error if that fails or the deadline passes first. */
  #respond(
    result: AcceptResult | Promise<AcceptResult>,
    { startedAt }: PushRequest,
    summary: PushSummary,
    pending: Pending | undefined,
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

/** Rejections that cause a warning, because the owner of the receiver can fix the cause. */
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
