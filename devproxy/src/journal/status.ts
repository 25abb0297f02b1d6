import type { DeliveryHead } from "airudder-webhooks/journal";
import type { DeliveryRow, Row } from "./rows.js";

/**
 * What became of a push. `handled` to `stored` are reported by the app's receiver or stand in its inbox. `accepted` is a 200 of an app
 * that reports nothing more; `undelivered` got no response.
 */
export type Status = "handled" | "ignored" | "failed" | "dead" | "quarantined" | "stored" | "accepted" | "undelivered";

export const STATUSES: readonly Status[] = [
  "handled",
  "ignored",
  "failed",
  "dead",
  "quarantined",
  "stored",
  "accepted",
  "undelivered",
];

/** Whether a delivery was answered with success: 200 alone, since Airudder sends a push again after any other answer, 204 too. */
export function succeeded(status: number | undefined): boolean {
  return status === 200;
}

/**
 * The newest delivery that tells most about a push: of those with a response, or, if there is none, of all. A delivery that was edited,
 * went elsewhere or was stopped tells nothing, nor does a replay that the app refused or took for a duplicate.
 */
export function lastDelivery({ deliveries }: Row): DeliveryRow | undefined {
  return deliveries.findLast(isAnswer) ?? deliveries.findLast(({ head }) => head.aside === undefined);
}

function isAnswer({ head }: DeliveryRow): boolean {
  return head.status !== undefined && head.aside === undefined && !isUnhandledReplay(head);
}

/** A replay that reached no handler, whatever the app would have made of it. */
function isUnhandledReplay({ cause, status, result }: DeliveryHead): boolean {
  return cause === "replay" && (result === "duplicate" || (result === "rejected" && status === 403));
}

/** Whether the app has ever answered for this push. */
export function wasDelivered({ deliveries }: Row): boolean {
  return deliveries.some(isAnswer);
}

/** The status that the mark of an inbox means; a push without one, or with another, is `stored`. */
const INBOX_STATUSES: { readonly [state: string]: Status } = {
  done: "handled",
  handled: "handled",
  ignored: "ignored",
  failed: "failed",
  dead: "dead",
  dropped: "dead",
  quarantined: "quarantined",
};

/** The status that a receiver's report means. Of a duplicate or a refused push, only the response says how it stands. */
const REPORTED_STATUSES: { readonly [result: string]: Status } = {
  handled: "handled",
  ignored: "ignored",
  failed: "failed",
  dead: "dead",
  quarantined: "quarantined",
  stored: "stored",
};

/** What is known of a push: by the last response that counts, or by the marks of the inbox that holds it. */
export function statusOf(row: Row): Status {
  const last = lastDelivery(row)?.head;
  if (last === undefined && row.push.source === "inbox") return INBOX_STATUSES[row.mark?.state ?? ""] ?? "stored";
  if (last?.status === undefined) return "undelivered";
  return REPORTED_STATUSES[last.result ?? ""] ?? (succeeded(last.status) ? "accepted" : "failed");
}
