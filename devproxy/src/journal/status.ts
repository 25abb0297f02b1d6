import type { DeliveryHead } from "airudder-webhooks/journal";
import type { DeliveryRow, Row } from "./rows.js";

/**
 * Status of a push. `handled` to `stored` come from the report of the app's receiver, or from its inbox. `accepted`: the app responded 200
 * and reported nothing more. `undelivered`: the app did not respond.
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

/** Whether a status means success: only 200, because Airudder retries after any other status, also after 204. */
export function succeeded(status: number | undefined): boolean {
  return status === 200;
}

/**
 * The delivery that decides the status of a push: the newest one with a response, or the newest one if none has a response. It leaves out
 * deliveries that were edited, sent to another app or stopped, and replays that the app rejected or detected as duplicates.
 */
export function lastDelivery({ deliveries }: Row): DeliveryRow | undefined {
  return deliveries.findLast(isAnswer) ?? deliveries.findLast(({ head }) => head.aside === undefined);
}

function isAnswer({ head }: DeliveryRow): boolean {
  return head.status !== undefined && head.aside === undefined && !isUnhandledReplay(head);
}

/** Whether a replay reached no handler, so that its response says nothing about the push. */
function isUnhandledReplay({ cause, status, result }: DeliveryHead): boolean {
  return cause === "replay" && (result === "duplicate" || (result === "rejected" && status === 403));
}

/** Whether the app has ever responded to this push. */
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

/** The status that a receiver's report means. The HTTP status decides for duplicates and rejected pushes. */
const REPORTED_STATUSES: { readonly [result: string]: Status } = {
  handled: "handled",
  ignored: "ignored",
  failed: "failed",
  dead: "dead",
  quarantined: "quarantined",
  stored: "stored",
};

/** The status of a push, from the delivery that decides it or from the marks of its inbox. */
export function statusOf(row: Row): Status {
  const last = lastDelivery(row)?.head;
  if (last === undefined && row.push.source === "inbox") return INBOX_STATUSES[row.mark?.state ?? ""] ?? "stored";
  if (last?.status === undefined) return "undelivered";
  return REPORTED_STATUSES[last.result ?? ""] ?? (succeeded(last.status) ? "accepted" : "failed");
}
