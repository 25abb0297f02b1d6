import {
  type DeliveriesReading,
  TIME_LIMIT_MS,
  type VendorAttempt,
  type VendorDelivery,
  type VendorReading,
} from "../vendor/index.js";
import { duration, safeLine } from "./format.js";

/** States how the vendor's documentation is interpreted, and the flags for the alternatives. */
export function readingLines({ deliveries, accepts, timeLimitMs, retryDelayMs, timeScale }: VendorReading): string[] {
  const scaled = timeScale === 1 ? "" : ` --time-scale ${timeScale}: ${scaledTimes(timeLimitMs, retryDelayMs)}.`;
  const [accepted, other] = accepts === "200" ? ["Only the status 200", "2xx"] : ["Any status 2xx", "200"];
  return [
    `Sends as Airudder does: a time limit of 10 s for the whole response, and a retry one minute after a failure.${scaled}`,
    ...new Set(deliveries.map(deliveriesLine)),
    `${accepted} counts as received: which statuses do is not documented. Alternative: --accepts ${other}.`,
    "Redirects are not followed: it is unknown whether Airudder follows them.",
  ];
}

function scaledTimes(timeLimitMs: number, retryDelayMs: number): string {
  if (timeLimitMs !== TIME_LIMIT_MS) return `${duration(timeLimitMs)} and ${duration(retryDelayMs)}`;
  return `a retry after ${duration(retryDelayMs)}. The limit stays 10 s: listen may wait 9 s before it responds in place of the app`;
}

function deliveriesLine({ type, deliveries, source, allows, like }: DeliveriesReading): string {
  const reasons = {
    documented: `${deliveries} attempts for ${type}: its documentation allows ${allows}.`,
    assumed: `${deliveries} attempts for ${type}, as for ${like}: its documentation does not mention retries.`,
    flag: `${deliveries} attempts for each push, as set with --deliveries.`,
  };
  return `${reasons[source]} Alternative: --deliveries ${deliveries === 6 ? 5 : 6}.`;
}

/** One attempt: its number, its status or error, its duration and its result. */
export function vendorAttemptLine({ attempt, status, error, ms, received }: VendorAttempt): string {
  const response = error ?? String(status ?? "no response");
  return `attempt ${attempt}: ${safeLine(response)}, ${duration(ms)}, ${received ? "received" : "failed"}`;
}

/** Whether the push was received, after all its attempts. */
export function vendorDeliveryLine({ state, attempts }: VendorDelivery): string {
  const count = attempts.length;
  if (state === "received") return `received at attempt ${count}`;
  if (state === "lost") return `given up: Airudder would have lost this push (${count} attempts failed)`;
  return `stopped after ${count} ${count === 1 ? "attempt" : "attempts"}`;
}
