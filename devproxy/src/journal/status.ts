import { type DeliveryRow, GIVEN_UP, type Row } from "./rows.js";

/** Where a push stands with the app. */
export type Status = "accepted" | "quarantined" | "failed" | "undelivered";

export const STATUSES: readonly Status[] = ["accepted", "quarantined", "failed", "undelivered"];

/** Whether a delivery was answered with success: 200 alone, since Airudder sends a push again after any other answer, 204 too. */
export function succeeded(status: number | undefined): boolean {
  return status === 200;
}

/** The newest try to deliver a push that tells something of it: not one that was edited, went elsewhere or was stopped. */
export function lastDelivery(row: Row): DeliveryRow | undefined {
  return row.deliveries.findLast(({ head }) => head.aside === undefined);
}

/** Whether the app, or the inbox of the middleware, has ever answered for this push. */
export function wasDelivered(row: Row): boolean {
  return row.deliveries.some(({ head }) => head.status !== undefined && head.aside === undefined);
}

/** What an inbox's mark says of a push; without one it waits for its handler. */
const INBOX_STATUSES: Record<string, Status> = { failed: "failed", dead: "failed", quarantined: "quarantined" };

/**
 * `failed` and `undelivered` speak of the app, or of the handlers behind an inbox; a push that was taken is `accepted`, or `quarantined`
 * when nobody understood it. Deliveries that were set aside do not count.
 */
export function statusOf(row: Row): Status {
  const understood = row.push.quarantined ? "quarantined" : "accepted";
  const last = lastDelivery(row);
  if (last === undefined && row.mark !== undefined && row.push.source === "inbox") {
    return row.mark.state === "done" ? understood : (INBOX_STATUSES[row.mark.state] ?? "undelivered");
  }
  if (!wasDelivered(row)) return row.mark?.state === GIVEN_UP ? "failed" : "undelivered";
  return succeeded(last?.head.status) ? understood : "failed";
}
