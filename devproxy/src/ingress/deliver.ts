import type { Content, DeliveryHead, PushHead } from "airudder-webhooks/journal";
import type { DeliveryEvent, Listener } from "../events.js";
import type { Store } from "../journal/store.js";
import type { Attempt } from "./attempt.js";
import type { Forwarder } from "./forward.js";
import { queryOf } from "./query.js";

/** Most of an app's answer that the journal keeps, bytes. */
const RESPONSE_BYTES = 64 * 1024;

/** How a push is handed over. */
export interface DeliveryOptions {
  target: URL;
  cause: DeliveryHead["cause"];
  /** Set when the push is played again: the app is told its id. */
  replay?: boolean;
  /** Asked when the answer is there: whether the sender had been answered before it. */
  isLate?(): boolean;
  signal?: AbortSignal;
}

/** Hands recorded pushes to the app, and records how each try went. */
export class Deliverer {
  readonly #recording = new Set<Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly forwarder: Forwarder,
    private readonly listener: Listener,
  ) {}

  /** One try. Never throws: an attempt without an answer says why. The journal may still be writing when this resolves. */
  async deliver(push: PushHead, { headers, body }: Content, options: DeliveryOptions): Promise<Attempt> {
    const { target, cause, replay, isLate, signal } = options;
    const attempt = await this.forwarder.send({
      target,
      method: push.method,
      query: queryOf(push.url),
      headers,
      body,
      ...(replay ? { replay: push.id } : {}),
      ...(signal ? { signal } : {}),
    });
    const late = isLate?.() ?? false;
    this.#record(push, attempt, cause, late);
    this.listener(deliveryEvent(push, attempt, cause, late));
    return attempt;
  }

  /** Resolves when every try that is over is on disk. */
  async flush(): Promise<void> {
    await Promise.all(this.#recording);
  }

  #record(
    push: PushHead,
    { at, target, ms, answer, error }: Attempt,
    cause: DeliveryHead["cause"],
    late: boolean,
  ): void {
    const head: DeliveryHead = {
      kind: "delivery",
      push: push.id,
      at,
      target,
      ...(answer ? { status: answer.status } : {}),
      ...(error === undefined ? {} : { error }),
      ms,
      cause,
      ...(late ? { late } : {}),
    };
    const response = answer && { headers: answer.headers, body: answer.body.subarray(0, RESPONSE_BYTES) };
    const recording: Promise<void> = this.store
      .record(head, response)
      .then(
        () => undefined,
        (cause) => this.listener({ event: "note", code: "delivery_not_recorded", message: (cause as Error).message }),
      )
      .finally(() => this.#recording.delete(recording));
    this.#recording.add(recording);
  }
}

function deliveryEvent(push: PushHead, attempt: Attempt, cause: DeliveryHead["cause"], late: boolean): DeliveryEvent {
  const { answer, ms, error } = attempt;
  const outcome = answer && outcomeOf(answer.headers["airudder-outcome"]);
  return {
    event: "delivery",
    push: push.id,
    status: answer?.status ?? null,
    ms,
    cause,
    ...(error === undefined ? {} : { error }),
    ...(late ? { late } : {}),
    ...(outcome === undefined ? {} : { outcome }),
  };
}

/** What the middleware in the app says that it made of a push. */
export function outcomeOf(header: string | string[] | undefined): unknown {
  if (typeof header !== "string") return undefined;
  try {
    return JSON.parse(header);
  } catch {
    return header;
  }
}
