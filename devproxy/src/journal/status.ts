import type { DeliveryRow, Row } from "./rows.js";

/** Where a push stands with the app. */
export type Status = "accepted" | "quarantined" | "failed" | "undelivered";

export const STATUSES: readonly Status[] = ["accepted", "quarantined", "failed", "undelivered"];

/** Whether a delivery was answered with success: 200 alone, since Airudder sends a push again after any other answer, 204 too. */
export function succeeded(status: number | undefined): boolean {
  return status === 200;
}

/**
 * The newest try that tells most of a push: of those that the app answered, and, when it never did, of all. One that was edited, went
 * elsewhere or was stopped tells nothing.
 */
export function lastDelivery({ deliveries }: Row): DeliveryRow | undefined {
  return deliveries.findLast(isAnswer) ?? deliveries.findLast(({ head }) => head.aside === undefined);
}

function isAnswer({ head }: DeliveryRow): boolean {
  return head.status !== undefined && head.aside === undefined;
}

/** Whether the app has ever answered for this push. */
export function wasDelivered({ deliveries }: Row): boolean {
  return deliveries.some(isAnswer);
}

/** What an inbox's mark says of a push; without one, or with another, it waits for its handler. */
export const INBOX_STATUSES: { readonly [state: string]: Status } = {
  done: "accepted",
  handled: "accepted",
  ignored: "accepted",
  dropped: "failed",
  failed: "failed",
  dead: "failed",
  quarantined: "quarantined",
};

/**
 * `failed` and `undelivered` speak of the app's last answer, or of the handlers behind an inbox; a push that was taken is `accepted`, or
 * `quarantined` when nobody understood it. Deliveries that were set aside do not count.
 */
export function statusOf(row: Row): Status {
  const understood = row.push.quarantined ? "quarantined" : "accepted";
  const last = lastDelivery(row);
  if (last === undefined && row.mark !== undefined && row.push.source === "inbox") {
    const status = INBOX_STATUSES[row.mark.state] ?? "undelivered";
    return status === "accepted" ? understood : status;
  }
  if (last?.head.status === undefined) return "undelivered";
  return succeeded(last.head.status) ? understood : "failed";
}
