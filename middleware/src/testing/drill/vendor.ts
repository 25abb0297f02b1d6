import { setTimeout as sleep } from "node:timers/promises";
import type { PreparedPush } from "./renew.js";
import type { DrillRequest, DrillResponse } from "./send.js";

/** The vendor's time limit for a response, ms. */
export const RESPONSE_LIMIT_MS = 10_000;
/** The vendor's delay before a retry, ms. */
export const RETRY_DELAY_MS = 60_000;
/** Maximum number of attempts: the first one and the vendor's retries. */
const MAX_ATTEMPTS = 6;
/** Each delay between quick attempts is twice the one before. */
const DELAYS_SUM = 2 ** (MAX_ATTEMPTS - 1) - 1;
/** Timeout of an attempt in a scenario that does not check times, ms. */
export const ATTEMPT_TIMEOUT_MS = 3 * RESPONSE_LIMIT_MS;

/** One attempt to deliver a push: the response, or the reason why there is none. */
export interface Attempt {
  status?: number;
  headers: DrillResponse["headers"];
  /** The code in the body of an error response, such as `bad_sign`. */
  code?: string;
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

/** Where a push is sent, if not to the URL of the app; `headers` are added. */
export interface To {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The times of a vendor, ms. */
export interface VendorTimes {
  /** The vendor's limit for a response. */
  readonly limitMs: number;
  /** Timeout of an attempt in a scenario that does not check times. */
  readonly attemptTimeoutMs: number;
  /** The vendor's delay before a retry, in scenarios that wait for it. */
  readonly retryDelayMs: number;
  /** How long a rejected push is retried. */
  readonly maxRetryMs: number;
  /** How long a push is retried after a start of the app. */
  readonly startUpMs: number;
}

/** Sends pushes to the app, as the vendor does. */
export class Vendor {
  /** Whether the app was started and has not responded yet, except with 5xx. */
  #isStarting = true;

  constructor(
    private readonly send: (request: DrillRequest, signal: AbortSignal) => Promise<DrillResponse>,
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>>,
    readonly times: VendorTimes,
  ) {}

  /** Call it after each start of the app. */
  onStart(): void {
    this.#isStarting = true;
  }

  /** Sends a push once. Never rejects. */
  async attempt(
    { headers, body }: Pick<PreparedPush, "headers" | "body">,
    limitMs = this.times.attemptTimeoutMs,
    to: To = {},
  ): Promise<Attempt> {
    const start = performance.now();
    const timeout = AbortSignal.timeout(Math.ceil(limitMs));
    const request: DrillRequest = {
      method: "POST",
      url: to.url ?? this.url,
      headers: { ...headers, ...this.headers, ...to.headers },
      body,
    };
    try {
      const response = await this.send(request, timeout);
      if (response.status < 500) this.#isStarting = false;
      const code = response.status < 400 ? undefined : errorCode(response.body);
      return {
        status: response.status,
        headers: response.headers,
        ...(code !== undefined && { code }),
        ms: performance.now() - start,
      };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException)?.code ?? (error as Error)?.message ?? String(error);
      // The app has started: it accepts the request, but does not send a complete response in time.
      if (timeout.aborted || code === "INCOMPLETE_RESPONSE") this.#isStarting = false;
      return { error: timeout.aborted ? "timeout" : code, headers: {}, ms: performance.now() - start };
    }
  }

  /** Whether an attempt failed because the app works too long: no response in time, or an error after more than half of the time. */
  isSlow({ status, error, ms }: Attempt): boolean {
    return status !== 200 && (error === "timeout" || ms > this.times.limitMs / 2);
  }

  /** Sends a push once. While the app is starting, retries until it responds. Never rejects. */
  async first(push: PreparedPush, to?: To): Promise<Attempt> {
    for (let delayMs = this.times.startUpMs / DELAYS_SUM, i = 1; ; i++) {
      const wasStarting = this.#isStarting;
      const attempt = await this.attempt(push, undefined, to);
      const mayStart = attempt.status !== undefined || attempt.error === "ECONNREFUSED";
      if (!wasStarting || !this.#isStarting || !mayStart || i === MAX_ATTEMPTS) return attempt;
      await sleep(delayMs);
      delayMs *= 2;
    }
  }

  /** Delivers a push. Retries as often as the vendor, but earlier, unless a retry cannot succeed. Never rejects. */
  async deliver(push: PreparedPush): Promise<Delivery> {
    const { maxRetryMs, startUpMs } = this.times;
    const attempts = [await this.attempt(push)] as [Attempt, ...Attempt[]];
    let delayMs = (this.#isStarting ? Math.max(maxRetryMs, startUpMs) : maxRetryMs) / DELAYS_SUM;
    while (isRetried(attempts.at(-1) as Attempt) && attempts.length < MAX_ATTEMPTS) {
      await sleep(delayMs);
      delayMs *= 2;
      attempts.push(await this.attempt(push));
    }
    const last = attempts.at(-1) as Attempt;
    return { accepted: last.status === 200, attempts, last };
  }
}

/** A 3xx or 4xx rejects the push itself: a retry gets the same response. */
function isRetried({ status }: Attempt): boolean {
  return status !== 200 && !(status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429);
}

/** The code in the body of an error response of the receiver. */
function errorCode(body = ""): string | undefined {
  try {
    const { code } = (JSON.parse(body) as { error?: { code?: unknown } }).error ?? {};
    return typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
