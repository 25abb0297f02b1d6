import { hash } from "node:crypto";
import { atEndOfTurn } from "./end-of-turn.js";
import { AirudderError } from "./errors.js";
import type { PushType } from "./generated/types.js";
import { type Answer, OK_BODY, type Outcome, refuse } from "./http/answer.js";
import { Duplicates, type Pending } from "./inbox/duplicates.js";
import type { RecoveredPush } from "./inbox/inbox.js";
import type { Admitted, Keep } from "./inbox/keeper.js";
import type { Recorder } from "./observe/recorder.js";
import type { Settings } from "./options.js";
import { authenticate } from "./push/authenticate.js";
import { newPushId } from "./push/id.js";
import { findSchema } from "./push/identify.js";
import { parseBody } from "./push/parse.js";
import type { Push, QuarantinedPush } from "./push/push.js";
import type { Received } from "./push/received.js";
import { findSubject } from "./push/subject.js";
import { type Validation, validate } from "./push/validate.js";

/** The walk of a push from its bytes to its answer. */
export class Intake {
  readonly #duplicates: Duplicates;

  constructor(
    private readonly settings: Settings,
    private readonly recorder: Recorder,
    private readonly keep: Keep,
  ) {
    this.#duplicates = new Duplicates(settings.duplicateWindowMs);
  }

  /** A push that an earlier process accepted. */
  recovered({ subject, type, sha256, receivedAt }: RecoveredPush): void {
    this.#duplicates.recover(subject ?? type, sha256, receivedAt.getTime());
  }

  /** Never throws: what goes wrong is an answer. */
  take(received: Received): Answer | Promise<Answer> {
    try {
      return this.#take(received);
    } catch (error) {
      return this.reject(error, received.startedAt);
    }
  }

  /** Any error as the answer that goes with it. */
  reject(error: unknown, startedAt: number, outcome?: Outcome): Answer {
    const known =
      error instanceof AirudderError
        ? error
        : new AirudderError("handler_failed", "The push could not be handled.", { cause: error });
    const { code, status, evidence } = known;
    const hint = evidence.hint === undefined ? {} : { hint: evidence.hint };
    this.recorder.tell({ event: "rejected", code, status, ...hint, ms: performance.now() - startedAt });
    return refuse(known, outcome);
  }

  #take(received: Received): Answer | Promise<Answer> {
    const { settings } = this;
    const payload = received.payload ?? parseBody(received.raw);
    const schema = findSchema(payload, settings.type);
    const type: PushType = schema?.type ?? settings.type ?? "unknown";
    const reserialised = received.payload !== undefined;
    const { headers, raw } = received;
    const verified = authenticate(schema, payload, { headers, raw, reserialised }, settings.sign);
    const validation = validate(schema, payload);
    const subject = findSubject(schema, payload);
    const digest = hash("sha256", received.body);
    const push = this.#push(received, type, payload, verified, validation);
    const outcome: Outcome = { type, verified, duplicate: false, drift: validation.drift.length };
    if (push.reserialised) outcome.reserialised = true;
    const admitted: Admitted = { push, quarantined: validation.quarantined, schema, subject, digest, received };

    if (push.replay !== undefined || settings.duplicateWindowMs === 0) {
      return this.#accept(admitted, outcome, this.#keep(admitted));
    }
    const about = subject ?? type;
    const seen = this.#duplicates.find(about, digest);
    if (seen !== false) return this.#join(seen === true ? undefined : seen.kept, admitted, outcome);
    const kept = this.#keep(admitted);
    if (kept === undefined) {
      this.#duplicates.remember(about, digest);
      return this.#accept(admitted, outcome);
    }
    return this.#accept(admitted, outcome, kept, this.#duplicates.begin(about, digest, kept));
  }

  #push(
    received: Received,
    type: PushType,
    payload: object,
    verified: boolean,
    validation: Validation,
  ): Push | QuarantinedPush {
    const replay = this.settings.allowReplays ? received.headers["airudder-replay"] : undefined;
    return {
      id: newPushId(),
      type,
      payload,
      raw: received.raw,
      reserialised: received.payload !== undefined,
      receivedAt: new Date(),
      attempt: 1,
      verified,
      replay: typeof replay === "string" ? replay : undefined,
      drift: validation.drift,
    } as Push | QuarantinedPush;
  }

  /** A copy waits for what becomes of the first, and is answered as that was. */
  #join(pending: Promise<void> | undefined, { push, received }: Admitted, outcome: Outcome): Answer | Promise<Answer> {
    const { id, type } = push;
    return this.#answer(pending, received, { ...outcome, duplicate: true }, (ms) => {
      this.recorder.tell({ event: "duplicate", id, type, ms });
    });
  }

  /** A handler that throws at once has failed as one that rejects. */
  #keep(admitted: Admitted): void | Promise<void> {
    try {
      return this.keep(admitted);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #accept(
    { push, quarantined, received }: Admitted,
    outcome: Outcome,
    kept?: void | Promise<void>,
    pending?: Pending,
  ): Answer | Promise<Answer> {
    const { id, type, verified, drift, replay } = push;
    const tell = (ms: number): void => {
      this.recorder.tell({ event: "accepted", id, type, verified, replay: replay !== undefined, ms });
      if (quarantined) this.recorder.tell({ event: "quarantined", id, type, drift });
      else if (drift.length > 0) this.recorder.tell({ event: "drift", id, type, drift });
    };
    return this.#answer(kept, received, outcome, tell, pending);
  }

  /** The success once `kept` is through; a refusal when it fails, or when the sender would not wait any longer. */
  #answer(
    kept: void | Promise<void>,
    { startedAt }: Received,
    outcome: Outcome,
    tell: (ms: number) => void,
    pending?: Pending,
  ): Answer | Promise<Answer> {
    const succeed = (): Answer => {
      tell(performance.now() - startedAt);
      return { status: 200, body: OK_BODY, outcome };
    };
    if (kept === undefined) return succeed();
    const { deadlineMs } = this.settings;
    return new Promise((resolve) => {
      let state: "pending" | "late" | "settled" = "pending";
      let timer: NodeJS.Timeout | undefined;
      const wait = (): void => {
        if (state !== "pending") return;
        timer = setTimeout(() => {
          state = "late";
          if (pending !== undefined) pending.late = true;
          resolve(this.reject(tooSlow(deadlineMs), startedAt, outcome));
        }, deadlineMs);
      };
      const settle = (accepted: boolean): boolean => {
        if (pending !== undefined) this.#duplicates.settle(pending, accepted);
        if (state === "late") return false;
        state = "settled";
        clearTimeout(timer);
        return true;
      };
      atEndOfTurn({ wait });
      kept.then(
        () => {
          if (settle(true)) resolve(succeed());
        },
        (error) => {
          if (settle(false)) resolve(this.reject(error, startedAt, outcome));
        },
      );
    });
  }
}

function tooSlow(deadlineMs: number): AirudderError {
  return new AirudderError("busy", "The push is still being handled; send it again.", {
    hint: `Its handlers took longer than ${deadlineMs} ms.`,
  });
}
