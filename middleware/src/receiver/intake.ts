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
import type { Push, QuarantinedPush } from "../push/push.js";
import type { Received } from "../push/received.js";
import { findSubject } from "../push/subject.js";
import { type Validation, validate } from "../push/validate.js";
import { Duplicates, type Pending } from "./duplicates.js";
import { atEndOfTurn } from "./end-of-turn.js";
import { unavailable } from "./inbox-mode.js";
import { type AcceptResult, type CheckedPush, type ReceiverMode, settlesWithin } from "./mode.js";
import { errorResponse, type HttpResponse, OK_BODY, type Outcome, type PushSummary } from "./response.js";

/** A replay has no deadline, but it does not wait for ever. */
const MAX_OPENING_MS = 60_000;

/** Processes a push from its bytes to its response. */
export class Intake {
  readonly #duplicates: Duplicates;
  readonly #unknown: PushSummary;
  /** Set right after construction, because the keeper of an inbox needs the intake to report recovered pushes. */
  keeper!: ReceiverMode;
  closing = false;

  constructor(
    private readonly settings: ReceiverSettings,
    private readonly recorder: Recorder,
    private readonly warnings: Warnings,
  ) {
    this.#duplicates = new Duplicates(settings.duplicateWindowMs);
    this.#unknown = { type: settings.type ?? "unknown", verified: false, duplicate: false, drift: 0 };
  }

  /** A push that an earlier process accepted. */
  recovered({ subject, type, sha256, receivedAt }: RecoveredPush): void {
    this.#duplicates.recover(subject ?? type, sha256, receivedAt.getTime());
  }

  /** Never throws: every error becomes a response. */
  process(received: Received): HttpResponse | Promise<HttpResponse> {
    try {
      if (this.closing) throw new AirudderError("busy", "The receiver is closing; send it again.");
      const opening = this.keeper.opening();
      return opening === undefined ? this.#take(received) : this.#takeOnceOpen(opening, received);
    } catch (error) {
      return this.reject(error, received.startedAt);
    }
  }

  /** The response to any error. */
  reject(
    error: unknown,
    startedAt: number,
    known: PushSummary = this.#unknown,
    result: Outcome = "rejected",
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
    return errorResponse(rejection, known, result);
  }

  /** Waits until the inbox is open: only then are the pushes of earlier processes known, and duplicates can be detected. */
  async #takeOnceOpen(opening: Promise<void>, received: Received): Promise<HttpResponse> {
    const { startedAt } = received;
    try {
      const isReplay = received.headers["airudder-replay"] !== undefined && this.keeper.limitsReplays;
      if (!(await settlesWithin(opening, isReplay ? MAX_OPENING_MS : this.#remainingMs(startedAt)))) {
        throw new AirudderError("busy", "The inbox is still opening; send it again.", {
          hint: "Opening the inbox takes longer than deadlineMs. Call receiver.ready() before the server listens.",
        });
      }
      await opening.catch((cause) => {
        throw unavailable(cause);
      });
      return await this.#take(received);
    } catch (error) {
      return this.reject(error, startedAt);
    }
  }

  #remainingMs(startedAt: number): number {
    return Math.max(0, this.settings.deadlineMs - (performance.now() - startedAt));
  }

  #take(received: Received): HttpResponse | Promise<HttpResponse> {
    const { settings } = this;
    const payload = received.payload ?? parseBody(received.raw);
    const schema = findSchema(payload, settings.type);
    const type: PushType = schema?.type ?? settings.type ?? "unknown";
    const verified = authenticate(schema, payload, received, settings.sign);
    const validation = validate(schema, payload);
    const subject = findSubject(schema, payload);
    const digest = hash("sha256", received.body);
    const push = this.#push(received, type, payload, verified, validation);
    const known: PushSummary = { type, verified, duplicate: false, drift: validation.drift.length };
    if (push.reserialised) (known as { reserialised?: true }).reserialised = true;
    const admitted: CheckedPush = { push, quarantined: validation.quarantined, schema, subject, digest, received };

    if (push.replay !== undefined || settings.duplicateWindowMs === 0) {
      return this.#accept(admitted, known, this.#keep(admitted));
    }
    const about = subject ?? type;
    const seen = this.#duplicates.find(about, digest);
    if (seen !== false) return this.#join(seen === true ? undefined : seen, admitted, known);
    const kept = this.#keep(admitted);
    if (typeof kept === "string") {
      this.#duplicates.remember(about, digest);
      return this.#accept(admitted, known, kept);
    }
    const pending = this.#duplicates.begin(about, digest, kept);
    kept.then(
      () => this.#duplicates.settle(pending, true),
      () => this.#duplicates.settle(pending, false),
    );
    return this.#accept(admitted, known, kept, pending);
  }

  #push(
    received: Received,
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

  /** A duplicate waits for the first push, and gets the same response. */
  #join(
    pending: Pending | undefined,
    { push, received }: CheckedPush,
    known: PushSummary,
  ): HttpResponse | Promise<HttpResponse> {
    const { id, type } = push;
    const result = pending === undefined ? "ignored" : (pending.kept as Promise<AcceptResult>);
    return this.#answer(result, received, { ...known, duplicate: true }, pending, (ms) => {
      this.recorder.emit({ event: "duplicate", id, type, ms });
    });
  }

  /** Treats a synchronous throw like a rejection. */
  #keep(admitted: CheckedPush): AcceptResult | Promise<AcceptResult> {
    try {
      return this.keeper.accept(admitted);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #accept(
    { push, received }: CheckedPush,
    known: PushSummary,
    kept: AcceptResult | Promise<AcceptResult>,
    pending?: Pending,
  ): HttpResponse | Promise<HttpResponse> {
    const { id, type, verified, drift, replay } = push;
    const hasDeadline = replay === undefined || !this.keeper.limitsReplays;
    return this.#answer(
      kept,
      received,
      known,
      pending,
      (ms) => {
        this.recorder.emit({ event: "accepted", id, type, verified, replay: replay !== undefined, ms });
        if (drift.length > 0) this.recorder.emit({ event: "drift", id, type, drift });
      },
      hasDeadline,
    );
  }

  /** Responds 200 once the push is kept, or with an error if keeping it fails or the deadline passes first. */
  #answer(
    kept: AcceptResult | Promise<AcceptResult>,
    { startedAt }: Received,
    known: PushSummary,
    pending: Pending | undefined,
    tell: (ms: number) => void,
    hasDeadline = true,
  ): HttpResponse | Promise<HttpResponse> {
    const succeed = (result: AcceptResult): HttpResponse => {
      tell(performance.now() - startedAt);
      return { status: 200, body: OK_BODY, summary: known, result: known.duplicate ? "duplicate" : result };
    };
    if (typeof kept === "string") return succeed(kept);
    if (pending !== undefined) pending.waiting++;
    return new Promise((resolve) => {
      let isSettled = false;
      let timer: NodeJS.Timeout | undefined;
      const wait = (): void => {
        if (isSettled) return;
        timer = setTimeout(() => {
          isSettled = true;
          if (pending !== undefined) {
            pending.waiting--;
            pending.late = true;
          }
          resolve(this.reject(tooSlow(this.settings.deadlineMs), startedAt, known, "running"));
        }, this.#remainingMs(startedAt));
      };
      const settle = (answer: () => HttpResponse): void => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        resolve(answer());
      };
      if (hasDeadline) atEndOfTurn({ wait });
      kept.then(
        (result) => settle(() => succeed(result)),
        (error) => settle(() => this.reject(error, startedAt, known, resultOf(error))),
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

function resultOf(error: unknown): Outcome {
  return error instanceof AirudderError && error.code === "handler_failed" ? "failed" : "rejected";
}

function tooSlow(deadlineMs: number): AirudderError {
  return new AirudderError("busy", "The push is still being handled; send it again.", {
    hint: `The push was not stored or handled within ${deadlineMs} ms (option deadlineMs).`,
  });
}
