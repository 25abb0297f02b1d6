import type { DeliveryHead } from "airudder-webhooks/journal";
import { STATUS_RESULTS } from "../http/index.js";
import { ACKNOWLEDGED, type JournalIndex } from "./journal-index.js";
import type { DeliveryRow, Row } from "./row.js";

/** Every status, in the order of the documentation. */
export const STATUSES = [...STATUS_RESULTS, "dropped", "accepted", "undelivered"] as const;

/**
 * Status of a push. `handled` to `stored` come from the report of the app's receiver, or from its inbox. `accepted`: the app responded 200
 * and reported nothing more. `undelivered`: the app did not respond. `dropped`: somebody discarded it from the inbox.
 */
export type Status = (typeof STATUSES)[number];

/** Whether a status means success: only 200, because Airudder retries after any other status, also after 204. */
export function succeeded(status: number | undefined): boolean {
  return status === 200;
}

/**
 * The newest delivery that tells most about a push: of those with a response, or, if there is none, of all. A delivery that was edited,
 * went elsewhere or was stopped tells nothing, nor does a replay that no handler ran for.
 */
export function lastDelivery({ deliveries }: Row): DeliveryRow | undefined {
  const hasReported = deliveries.some((delivery) => isAnswer(delivery) && delivery.head.result !== undefined);
  return (
    deliveries.findLast((delivery) => isAnswer(delivery) && !(hasReported && isSilentReplay(delivery))) ??
    deliveries.findLast(({ head }) => head.aside === undefined && head.status === undefined)
  );
}

function isAnswer({ head }: DeliveryRow): boolean {
  return head.status !== undefined && head.aside === undefined && !isUnhandledReplay(head);
}

/** A replay that reached no handler, whatever the app would have made of it. */
function isUnhandledReplay({ cause, result }: DeliveryHead): boolean {
  return cause === "replay" && (result === "duplicate" || result === "rejected");
}

/** A replay that an app accepted without a report: another app than the one that reports, or an older version. */
function isSilentReplay({ head: { cause, status, result } }: DeliveryRow): boolean {
  return cause === "replay" && succeeded(status) && result === undefined;
}

/** Whether the app has ever responded to this push. */
export function wasDelivered({ deliveries }: Row): boolean {
  return deliveries.some(isAnswer);
}

/** The status that a receiver's report means. The HTTP status decides for duplicates and rejected pushes. */
const REPORTED_STATUSES: ReadonlyMap<unknown, Status> = new Map(STATUS_RESULTS.map((result) => [result, result]));

/** The status that the mark of an inbox means; a push without one, or with another, is `stored`. */
const INBOX_STATUSES: ReadonlyMap<unknown, Status> = new Map<unknown, Status>([
  ...REPORTED_STATUSES,
  ["done", "handled"],
  ["dropped", "dropped"],
]);

/** The status of a push, from the delivery that decides it or from the marks of its inbox. */
export function statusOf(row: Row): Status {
  const last = lastDelivery(row)?.head;
  if (last === undefined && row.push.source === "inbox") return INBOX_STATUSES.get(row.mark?.state) ?? "stored";
  if (last?.status === undefined) return "undelivered";
  return REPORTED_STATUSES.get(last.result) ?? (succeeded(last.status) ? "accepted" : "failed");
}

/** Whether the proxy acknowledged a push that the app has not received yet. */
export function isPending(row: Row): boolean {
  return row.mark?.state === ACKNOWLEDGED && !wasDelivered(row);
}

/** The pushes that the proxy acknowledged and the app has not received yet. */
export function pendingRows(index: JournalIndex): Row[] {
  return index.rows.filter(isPending);
}

/** The URL that the newest live push was sent to; `undefined` if there is none. */
export function lastTarget({ rows }: JournalIndex): URL | undefined {
  for (const { deliveries } of rows.toReversed()) {
    const live = deliveries.findLast(({ head }) => head.cause === "live" || head.cause === "queued");
    if (live !== undefined && URL.canParse(live.head.target)) return new URL(live.head.target);
  }
  return undefined;
}
