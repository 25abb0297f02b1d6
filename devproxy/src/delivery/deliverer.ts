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

/** How a push is handed over. */
export interface DeliveryOptions {
  target: URL;
  cause: DeliveryHead["cause"];
  /** Whether this is a replay: the app then receives the id of the push. */
  replay?: boolean;
  /** Asked when the answer is there: whether the sender had been answered before it. */
  isLate?(): boolean;
  /** Why the try will tell nothing of the push. */
  aside?: "edited" | "elsewhere" | undefined;
  signal?: AbortSignal;
  /** Time limit for the response, ms. Default: none. */
  limitMs?: number;
  /** Called if the delivery could not be recorded; before `flush` resolves. */
  onUnrecorded?: (() => void) | undefined;
}

/** What is known of a try besides its answer. */
interface Facts {
  cause: DeliveryHead["cause"];
  late?: true;
  aside?: "edited" | "elsewhere" | "stopped";
}

/** Hands recorded pushes to the app, and records how each try went. */
export class Deliverer {
  readonly #recording = new Set<Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly forwarder: Forwarder,
    private readonly listener: Listener,
    private readonly redactor: Redactor,
  ) {}

  /** One try. Never throws: an attempt without an answer says why. The journal may still be writing when this resolves. */
  async deliver(push: PushHead, { headers, body }: Content, options: DeliveryOptions): Promise<DeliveryAttempt> {
    const { target, cause, replay, isLate, signal, limitMs } = options;
    const attempt = await this.forwarder.send({
      target,
      method: push.method,
      query: queryOf(push.url),
      headers,
      body,
      ...(replay ? { replay: push.id } : {}),
      ...(signal ? { signal } : {}),
      ...(limitMs === undefined ? {} : { limitMs }),
    });
    const facts: Facts = {
      cause,
      ...(isLate?.() ? { late: true } : {}),
      ...(attempt.stopped ? { aside: "stopped" } : options.aside ? { aside: options.aside } : {}),
    };
    const reported = attempt.response && readOutcome(attempt.response.headers["airudder-outcome"]);
    this.#record(push, attempt, facts, reported?.result, options.onUnrecorded);
    const outcome = reported && this.redactor.outcome(reported, { headers, body });
    this.listener(deliveryEvent(push, attempt, facts, outcome));
    return reported === undefined ? attempt : { ...attempt, outcome: reported };
  }

  /** Resolves when every try that is over is on disk. */
  async flush(): Promise<void> {
    await Promise.all(this.#recording);
  }

  #record(
    push: PushHead,
    { at, target, ms, response: answer, error }: DeliveryAttempt,
    facts: Facts,
    result: OutcomeResult | undefined,
    onUnrecorded?: () => void,
  ): void {
    const head: DeliveryHead = {
      kind: "delivery",
      push: push.id,
      at,
      target,
      ...(answer ? { status: answer.status } : {}),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
      ms,
      ...facts,
    };
    const response = answer && { headers: answer.headers, body: answer.body.subarray(0, MAX_RECORDED_RESPONSE_BYTES) };
    const recording: Promise<void> = this.store
      .record(head, response)
      .then(
        () => undefined,
        (cause) => {
          onUnrecorded?.();
          const what = `That #${push.seq} was sent to the app (${answer?.status ?? error}) could not be recorded`;
          this.listener({
            event: "note",
            code: "delivery_not_recorded",
            message: `${what}: ${(cause as Error).message}`,
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
  facts: Facts,
  outcome: Outcome | undefined,
): DeliveryEvent {
  const { response: answer, ms, error } = attempt;
  const code = answer && !succeeded(answer.status) ? errorCodeOf(answer.body) : undefined;
  return {
    event: "delivery",
    push: push.id,
    status: answer?.status ?? null,
    ...(code === undefined ? {} : { code }),
    ...(outcome?.result === undefined ? {} : { result: outcome.result }),
    ms,
    ...facts,
    ...(error === undefined ? {} : { error }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}
