import type { Outcome } from "../journal/outcome.js";

/** What the app's receiver reported about a push, in a few words; its error is printed apart. */
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
