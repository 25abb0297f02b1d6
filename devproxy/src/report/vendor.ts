import type { DeliveriesReading, VendorAttempt, VendorDelivery, VendorReading } from "../vendor/index.js";
import { duration, safeLine } from "./format.js";

/** States how the vendor's documentation was read, and the flags for the other readings. */
export function readingLines({ deliveries, accepts, timeLimitMs, retryDelayMs, timeScale }: VendorReading): string[] {
  const scaled =
    timeScale === 1 ? "" : ` --time-scale ${timeScale}: ${duration(timeLimitMs)} and ${duration(retryDelayMs)}.`;
  const [accepted, other] = accepts === "200" ? ["Only 200", "2xx"] : ["Any 2xx", "200"];
  return [
    `As Airudder: a time limit of 10 s for the whole response, and a retry one minute after a failure.${scaled}`,
    ...new Set(deliveries.map(deliveriesLine)),
    `${accepted} counts as received: failures are not documented. Other reading: --accepts ${other}.`,
    "Redirects are not followed: it is unknown whether Airudder follows them.",
  ];
}

function deliveriesLine({ type, deliveries, source, allows, like }: DeliveriesReading): string {
  const reasons = {
    documented: `${deliveries} deliveries of a ${type}: its documentation allows ${allows}.`,
    assumed: `${deliveries} deliveries of a ${type}: its documentation says nothing, so as for ${like}.`,
    flag: `${deliveries} deliveries of a push, as --deliveries says.`,
  };
  return `${reasons[source]} Other reading: --deliveries ${deliveries === 6 ? 5 : 6}.`;
}

/** One attempt: its number, its status or error, its duration and its result. */
export function vendorAttemptLine({ attempt, status, error, ms, received }: VendorAttempt): string {
  const response = error ?? String(status ?? "no response");
  return `attempt ${attempt}: ${safeLine(response)}, ${duration(ms)}, ${received ? "received" : "failed"}`;
}

/** What became of a push. */
export function vendorDeliveryLine({ outcome, attempts }: VendorDelivery): string {
  const count = attempts.length;
  if (outcome === "received") return `received at attempt ${count}`;
  if (outcome === "lost") return `given up: Airudder would have lost this push (${count} deliveries failed)`;
  return `stopped after ${count} ${count === 1 ? "attempt" : "attempts"}`;
}
