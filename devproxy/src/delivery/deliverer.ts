import type { Content, DeliveryHead, PushHead } from "airudder-webhooks/journal";
import type { DeliveryEvent, Listener } from "../events.js";
import {
  errorCodeOf,
  MAX_RECORDED_RESPONSE_BYTES,
  type Outcome,
  type OutcomeResult,
  queryOf,
  readOutcome,
} from "../http/index.js";
import { type Store, succeeded } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import type { DeliveryAttempt } from "./attempt.js";
import type { Forwarder } from "./forwarder.js";

/** How to deliver a push. */
export interface DeliveryOptions {
  target: URL;
  cause: DeliveryHead["cause"];
  /** Whether this is a replay. The app then receives the id of the push in `Airudder-Replay`. */
  replay?: boolean;
  /** Called when the attempt ends. Returns whether the push was acknowledged before that. */
  isLate?(): boolean;
  /** Why the attempt does not change the status of the push: its body was edited, or another app receives it. */
  aside?: "edited" | "elsewhere" | undefined;
  signal?: AbortSignal;
  /** Time limit for the response, ms. Default: none. */
  timeoutMs?: number;
  /** Called before `flush` resolves, if the delivery could not be recorded. */
  onUnrecorded?: (() => void) | undefined;
}

/** What the record and the event of an attempt contain besides the response. */
interface AttemptDetails {
  cause: DeliveryHead["cause"];
  late?: true;
  aside?: "edited" | "elsewhere" | "stopped";
}

/** Delivers recorded pushes to the app. Records and reports each attempt. */
export class Deliverer {
  readonly #recording = new Set<Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly forwarder: Forwarder,
    private readonly listener: Listener,
    private readonly redactor: Redactor,
  ) {}

  /** Makes one attempt. Never throws. Resolves before the attempt is on disk: `flush` waits for that. */
  async deliver(push: PushHead, { headers, body }: Content, options: DeliveryOptions): Promise<DeliveryAttempt> {
    const { target, cause, replay, isLate, signal, timeoutMs } = options;
    const attempt = await this.forwarder.send({
      target,
      method: push.method,
      query: queryOf(push.url),
      headers,
      body,
      ...(replay ? { replay: push.id } : {}),
      ...(signal ? { signal } : {}),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    const details: AttemptDetails = {
      cause,
      ...(isLate?.() ? { late: true } : {}),
      ...(attempt.stopped ? { aside: "stopped" } : options.aside ? { aside: options.aside } : {}),
    };
    const outcome = attempt.response && readOutcome(attempt.response.headers["airudder-outcome"]);
    this.#record(push, attempt, details, outcome?.result, options.onUnrecorded);
    const redactedOutcome = outcome && this.redactor.outcome(outcome, { headers, body });
    this.listener(deliveryEvent(push, attempt, details, redactedOutcome));
    return outcome === undefined ? attempt : { ...attempt, outcome };
  }

  /** Resolves when every finished attempt is on disk, or is reported as not recorded. */
  async flush(): Promise<void> {
    await Promise.all(this.#recording);
  }

  #record(
    push: PushHead,
    { at, target, ms, response, error }: DeliveryAttempt,
    details: AttemptDetails,
    result: OutcomeResult | undefined,
    onUnrecorded?: () => void,
  ): void {
    const head: DeliveryHead = {
      kind: "delivery",
      push: push.id,
      at,
      target,
      ...(response ? { status: response.status } : {}),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
      ms,
      ...details,
    };
    const content = response && {
      headers: response.headers,
      body: response.body.subarray(0, MAX_RECORDED_RESPONSE_BYTES),
    };
    const recording: Promise<void> = this.store
      .record(head, content)
      .then(
        () => undefined,
        (writeError) => {
          onUnrecorded?.();
          const what = `The delivery of #${push.seq} (${response?.status ?? error}) could not be recorded`;
          this.listener({
            event: "note",
            code: "delivery_not_recorded",
            message: `${what}: ${(writeError as Error).message}`,
          });
        },
      )
      .finally(() => this.#recording.delete(recording));
    this.#recording.add(recording);
  }
}

function deliveryEvent(
  push: PushHead,
  attempt: DeliveryAttempt,
  details: AttemptDetails,
  outcome: Outcome | undefined,
): DeliveryEvent {
  const { response, ms, error } = attempt;
  const code = response && !succeeded(response.status) ? errorCodeOf(response.body) : undefined;
  return {
    event: "delivery",
    push: push.id,
    status: response?.status ?? null,
    ...(code === undefined ? {} : { code }),
    ...(outcome?.result === undefined ? {} : { result: outcome.result }),
    ms,
    ...details,
    ...(error === undefined ? {} : { error }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}
