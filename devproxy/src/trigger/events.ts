import { errorCodeOf, type OutcomeResult } from "../http/index.js";
import { succeeded } from "../journal/index.js";
import type { VendorAttempt, VendorDelivery } from "../vendor/index.js";
import type { SendResult } from "./sender.js";
import type { TestPush } from "./test-push.js";

/** A test push was sent. With `--json`, it is one line. */
export interface TriggerEvent {
  event: "trigger";
  type: string;
  /** The id of the recorded push; `null` if it was not recorded. */
  push: string | null;
  /** Its number in the journal. */
  seq: number | null;
  /** `null` if there was no response. */
  status: number | null;
  /** What the app's receiver reported, such as `handled`; absent if the app reports nothing. */
  result?: OutcomeResult;
  /** Code of the error response, such as `handler_failed`. */
  code?: string;
  /** The app did not respond. The proxy responded 200 in its place, and delivers the push when the app responds again. */
  pending?: true;
  ms: number;
  /** Why it failed: the handler's error, or why there was no response. It may quote the payload: redact it before printing. */
  error?: string;
  /** With `--as-vendor`: whether Airudder would have delivered the push or lost it. */
  state?: VendorDelivery["state"];
  /** With `--as-vendor`: every attempt. The other members describe the last one. */
  attempts?: VendorAttempt[];
}

/** All test pushes were sent, or the command was interrupted. */
export interface TriggerSummary {
  event: "summary";
  /** Number of pushes whose result is known. */
  total: number;
  /** Number of pushes with the response 200 or, with `--as-vendor`, pushes that Airudder would count as received. */
  succeeded: number;
  failed: number;
  /** Number of pushes for each result: what the app's receiver reported, else the status of the push as in `list`. */
  results: Record<string, number>;
  /** With `--as-vendor`: number of pushes that Airudder would have lost. */
  lost?: number;
  /** The command was interrupted before all pushes were sent. */
  interrupted?: true;
  /** Number of pushes that were being sent when the command was interrupted. Whether the app has received them is unknown. */
  inFlight?: number;
  ms: number;
}

/** The event for the result of a test push. */
export function triggerEvent({ type }: TestPush, sent: SendResult & { vendor?: VendorDelivery }): TriggerEvent {
  const { status, body, ms, recorded, result } = sent;
  const code = body === undefined || succeeded(status) ? undefined : errorCodeOf(body);
  const error = sent.error ?? recorded?.error;
  return {
    event: "trigger",
    type,
    push: recorded?.id ?? null,
    seq: recorded?.seq ?? null,
    status: status ?? null,
    ...(result === undefined ? {} : { result }),
    ...(code === undefined ? {} : { code }),
    ...(recorded?.pending ? { pending: true as const } : {}),
    ms,
    ...(error === undefined ? {} : { error }),
    ...sent.vendor,
  };
}

/** Whether the app responded 200 or, with `--as-vendor`, whether Airudder would count the push as received. */
export function isSuccess({ status, pending, state }: TriggerEvent): boolean {
  if (pending) return false;
  return state === undefined ? succeeded(status ?? undefined) : state === "received";
}

/** The result of a test push in one word: what the app's receiver reported, else the status of the push as in `list`. */
export function resultWord({ status, result, pending }: TriggerEvent): string {
  if (pending || status === null) return "undelivered";
  return result ?? (succeeded(status) ? "accepted" : "failed");
}

/** Counts the results of a command's test pushes. */
export class TriggerCounts {
  readonly #results = new Map<string, number>();
  readonly #start = performance.now();
  #total = 0;
  #succeeded = 0;
  #lost: number | undefined;
  #inFlight = 0;

  /** Number of pushes whose result is known. */
  get total(): number {
    return this.#total;
  }

  add(event: TriggerEvent): void {
    const word = resultWord(event);
    this.#total++;
    if (isSuccess(event)) this.#succeeded++;
    if (event.state !== undefined) this.#lost = (this.#lost ?? 0) + (event.state === "lost" ? 1 : 0);
    this.#results.set(word, (this.#results.get(word) ?? 0) + 1);
  }

  /** Counts a push that was being sent when the command was interrupted. */
  addInFlight(): void {
    this.#inFlight++;
  }

  summary(isInterrupted: boolean): TriggerSummary {
    return {
      event: "summary",
      total: this.#total,
      succeeded: this.#succeeded,
      failed: this.#total - this.#succeeded,
      results: Object.fromEntries(this.#results),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
      ...(isInterrupted ? { interrupted: true as const } : {}),
      ...(this.#inFlight === 0 ? {} : { inFlight: this.#inFlight }),
      ms: Math.round(performance.now() - this.#start),
    };
  }
}
