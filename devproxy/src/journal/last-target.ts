import type { JournalIndex } from "./rows.js";

/** Where the newest live push was sent; nothing when there was none. */
export function lastTarget({ rows }: JournalIndex): URL | undefined {
  for (const { deliveries } of rows.toReversed()) {
    const live = deliveries.findLast(({ head }) => head.cause === "live" || head.cause === "queued");
    if (live !== undefined && URL.canParse(live.head.target)) return new URL(live.head.target);
  }
  return undefined;
}
