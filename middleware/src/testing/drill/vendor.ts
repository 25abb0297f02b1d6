import { setTimeout as sleep } from "node:timers/promises";
import type { PreparedPush } from "./renew.js";
import type { DrillRequest, DrillResponse } from "./send.js";

/** The vendor's time limit for a response, ms. */
export const RESPONSE_LIMIT_MS = 10_000;
/** The vendor's delay before a retry, ms. */
export const RETRY_DELAY_MS = 60_000;
/** Maximum number of attempts: the first one and the vendor's retries. */
const MAX_ATTEMPTS = 6;
/** Maximum delay before a retry in a scenario that does not check times, ms. */
const MAX_QUICK_DELAY_MS = 250;
/** Minimum timeout for a response in a scenario that does not check times, ms. */
const MIN_TIMEOUT_MS = 5_000;

/** One attempt to deliver a push: the response, or the reason why there is none. */
export interface Attempt {
  status?: number;
  headers: DrillResponse["headers"];
  /** Why there is no response; a code such as `ECONNREFUSED`, or `timeout`. */
  error?: string;
  /** Duration, ms. */
  ms: number;
}

/** All attempts to deliver a push, until the app responded 200 or no retry was left. */
export interface Delivery {
  accepted: boolean;
  attempts: readonly [Attempt, ...Attempt[]];
  last: Attempt;
}

/** Sends pushes to the app, as the vendor does. */
export class Vendor {
  constructor(
    private readonly send: (request: DrillRequest, signal: AbortSignal) => Promise<DrillResponse>,
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>>,
    /** Divides the vendor's times. */
    readonly timeScale: number,
  ) {}

  /** Time limit of the vendor for a response, ms. */
  get limitMs(): number {
    return Math.max(1, Math.round(RESPONSE_LIMIT_MS / this.timeScale));
  }

  /** Sends a push once. Never rejects. @param to replaces the URL, and adds headers */
  async attempt(
    { headers, body }: Pick<PreparedPush, "headers" | "body">,
    limitMs = Math.max(MIN_TIMEOUT_MS, 3 * this.limitMs),
    to: { url?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Attempt> {
    const start = performance.now();
    const timeout = AbortSignal.timeout(limitMs);
    const request: DrillRequest = {
      method: "POST",
      url: to.url ?? this.url,
      headers: { ...headers, ...this.headers, ...to.headers },
      body,
    };
    try {
      const response = await this.send(request, timeout);
      return { status: response.status, headers: response.headers, ms: performance.now() - start };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      return { error: timeout.aborted ? "timeout" : code, headers: {}, ms: performance.now() - start };
    }
  }

  /** Delivers a push. Retries quickly until the app responds 200, unless a retry cannot succeed. Never rejects. */
  async deliver(push: PreparedPush): Promise<Delivery> {
    const attempts = [await this.attempt(push)] as [Attempt, ...Attempt[]];
    while (isRetried(attempts.at(-1) as Attempt) && attempts.length < MAX_ATTEMPTS) {
      await sleep(Math.min(MAX_QUICK_DELAY_MS, RETRY_DELAY_MS / this.timeScale));
      attempts.push(await this.attempt(push));
    }
    const last = attempts.at(-1) as Attempt;
    return { accepted: last.status === 200, attempts, last };
  }
}

/** A 4xx rejects the push itself: a retry gets the same response. */
function isRetried({ status }: Attempt): boolean {
  return status !== 200 && !(status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429);
}
