import { setTimeout as sleep } from "node:timers/promises";
import { type Accepts, type ReadingOptions, vendorReading } from "./reading.js";

/** The result of sending a push once. */
export interface VendorAttemptResult {
  /** Absent if there was no complete response. */
  status?: number;
  /** Why there is no complete response. */
  error?: string;
  /** The push cannot be sent: there was no attempt, and a retry would change nothing. */
  invalid?: true;
}

/** One attempt to deliver a push. */
export interface VendorAttempt extends Omit<VendorAttemptResult, "invalid"> {
  /** From 1. */
  attempt: number;
  /** Whether the app responded in time with a status that counts as received. */
  received: boolean;
  /** Whether the time limit was exceeded. */
  timedOut?: true;
  /** Duration, ms. */
  ms: number;
}

/** The result of sending a push with retries. */
export interface VendorDelivery {
  /** `lost`: all attempts failed. `stopped`: the signal was aborted first. `invalid`: the push cannot be sent. */
  state: "received" | "lost" | "stopped" | "invalid";
  attempts: VendorAttempt[];
}

/** Runs a function, now or later, and returns its result. */
export type WhenFree = <T>(run: () => Promise<T>) => Promise<T>;

/** Options of {@link deliverAsVendor}. */
export interface VendorOptions extends ReadingOptions {
  /** Type of the push. The default number of attempts depends on it. */
  type: string;
  /** Stops the delivery: the attempt in progress, or the wait before the next one. */
  signal?: AbortSignal | undefined;
  /** Runs an attempt when a connection is free. Its time limit starts then. Default: at once. */
  whenFree?: WhenFree | undefined;
  /** Called after each attempt. */
  onAttempt?: ((attempt: VendorAttempt) => void) | undefined;
}

/**
 * Delivers a push as Airudder does: a time limit of 10 s for the whole response, a retry one minute after a failed attempt, and no
 * further attempt after the last one. Every response without an accepted status is a failure, also a redirect. The body of the response
 * is ignored.
 * @param attempt sends the push once, and stops when the signal is aborted. If it throws, the attempt has failed.
 * @example
 * const delivery = await deliverAsVendor((signal) => sender.send(push, signal), { type: push.type, timeScale: 60 });
 * if (delivery.state === "lost") process.exitCode = 1;
 */
export async function deliverAsVendor(
  attempt: (signal: AbortSignal) => Promise<VendorAttemptResult>,
  { type, signal, whenFree = (run) => run(), onAttempt, ...options }: VendorOptions,
): Promise<VendorDelivery> {
  const { deliveries, accepts, timeLimitMs, retryDelayMs } = vendorReading([type], options);
  const maxAttempts = deliveries[0]?.deliveries ?? 0;
  const attempts: VendorAttempt[] = [];
  const end = (state: VendorDelivery["state"]): VendorDelivery => ({ state, attempts });
  while (!signal?.aborted) {
    const limited = await whenFree(() => withinLimit(attempt, timeLimitMs, signal));
    if (limited === undefined) break;
    const { invalid, ...result } = limited;
    if (invalid) return end("invalid");
    const made = { attempt: attempts.length + 1, received: isReceived(result, accepts), ...result };
    attempts.push(made);
    onAttempt?.(made);
    if (made.received) return end("received");
    if (signal?.aborted) break;
    if (attempts.length === maxAttempts) return end("lost");
    await sleep(retryDelayMs, undefined, { signal }).catch(() => undefined);
  }
  return end("stopped");
}

type LimitedResult = VendorAttemptResult & { timedOut?: true };

/**
 * Makes an attempt, and aborts it at the time limit or when `stop` is aborted. Never rejects.
 * @returns `undefined`, without an attempt, if `stop` is already aborted
 */
async function withinLimit(
  attempt: (signal: AbortSignal) => Promise<VendorAttemptResult>,
  limitMs: number,
  stop: AbortSignal | undefined,
): Promise<(LimitedResult & { ms: number }) | undefined> {
  if (stop?.aborted) return undefined;
  const start = performance.now();
  const abort = new AbortController();
  let end: (result: LimitedResult) => void = () => undefined;
  // An attempt that ignores the signal does not delay the next one.
  const aborted = new Promise<LimitedResult>((resolve) => {
    end = (result) => {
      resolve(result);
      abort.abort();
    };
  });
  const onStop = () => end({ error: "stopped" });
  const timer = setTimeout(() => end({ error: "no complete response within the time limit", timedOut: true }), limitMs);
  stop?.addEventListener("abort", onStop, { once: true });
  try {
    const result = await Promise.race([aborted, resultOf(attempt, abort.signal)]);
    return { ...result, ms: Math.round((performance.now() - start) * 10) / 10 };
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", onStop);
  }
}

async function resultOf(
  attempt: (signal: AbortSignal) => Promise<VendorAttemptResult>,
  signal: AbortSignal,
): Promise<VendorAttemptResult> {
  try {
    const { status, error, invalid } = await attempt(signal);
    return {
      ...(status !== undefined && { status }),
      ...(error !== undefined && { error }),
      ...(invalid && { invalid }),
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function isReceived({ status, error }: VendorAttemptResult, accepts: Accepts): boolean {
  if (status === undefined || error !== undefined) return false;
  return accepts === "200" ? status === 200 : status >= 200 && status < 300;
}
