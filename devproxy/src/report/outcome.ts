import type { Outcome } from "../http/index.js";

/** Summary of what the app's receiver reported about a push, without its error. */
export function outcomeText({ result, type, verified, duplicate, drift, reserialised }: Outcome): string {
  const words = [
    result ?? "handling unknown: upgrade airudder-webhooks",
    type,
    verified ? "verified" : undefined,
    duplicate && result !== "duplicate" ? "duplicate" : undefined,
    drift ? `drift ${drift}` : undefined,
    reserialised ? "reserialised" : undefined,
  ];
  return `app: ${words.filter((word) => word !== undefined).join(", ")}`;
}
