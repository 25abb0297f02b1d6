import type { DeliveryRow, Row } from "./rows.js";

/** Where a push stands with the app. */
export type Status = "accepted" | "quarantined" | "failed" | "undelivered";

export const STATUSES: readonly Status[] = ["accepted", "quarantined", "failed", "undelivered"];

/** Whether a delivery was answered with success. */
export function succeeded(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

/** The newest try to deliver a push. */
export function lastDelivery(row: Row): DeliveryRow | undefined {
  return row.deliveries.at(-1);
}

/** Whether the app, or the inbox of the middleware, has ever answered for this push. */
export function wasDelivered(row: Row): boolean {
  return row.deliveries.some(({ head }) => head.status !== undefined);
}

/** What an inbox's mark says of a push; without one it waits for its handler. */
const INBOX_STATUSES: Record<string, Status> = { failed: "failed", dead: "failed", quarantined: "quarantined" };

/**
 * `failed` and `undelivered` speak of the app, or of the handlers behind an inbox; a push that was taken is `accepted`, or `quarantined`
 * when nobody understood it.
 */
export function statusOf(row: Row): Status {
  const understood = row.push.quarantined ? "quarantined" : "accepted";
  if (row.deliveries.length === 0 && row.mark !== undefined && row.push.source === "inbox") {
    return row.mark.state === "done" ? understood : (INBOX_STATUSES[row.mark.state] ?? "undelivered");
  }
  if (!wasDelivered(row)) return "undelivered";
  return succeeded(lastDelivery(row)?.head.status) ? understood : "failed";
}
