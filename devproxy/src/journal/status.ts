import type { DeliveryHead } from "airudder-webhooks/journal";
import { STATUS_RESULTS } from "../http/index.js";
import type { JournalIndex } from "./journal-index.js";
import type { DeliveryRow, Row } from "./row.js";

/** State of a mark: the proxy responded 200 to the push, but the app has not responded to it yet. */
export const ACKNOWLEDGED = "acknowledged";

/**
 * State of a mark: no attempt got a complete response from the app, or the push could not be read. The proxy sends the push again only in
 * a replay.
 */
export const GIVEN_UP = "given_up";

/** Every status, in the order of the documentation. */
export const STATUSES = [...STATUS_RESULTS, "dropped", "accepted", "undelivered"] as const;

/**
 * Status of a push.
 *
 * - `handled` to `stored`: the app's receiver or its inbox reported this result.
 * - `failed`: also if the app reported no result and its response was not 200.
 * - `accepted`: the app responded 200 and reported no result.
 * - `undelivered`: the app has not responded.
 * - `dropped`: a user discarded the push from the inbox (`dead --drop`).
 */
export type Status = (typeof STATUSES)[number];

/** Whether an HTTP status means success: only 200, because Airudder retries after any other status, even 204. */
export function succeeded(status: number | undefined): boolean {
  return status === 200;
}

/**
 * The delivery that decides the status of a push: the newest one with a response or, if there is none, the newest one. Ignores deliveries
 * with `aside`, and replays that no handler ran for.
 */
export function decidingDelivery({ deliveries }: Row): DeliveryRow | undefined {
  const hasReported = deliveries.some((delivery) => countsAsResponse(delivery) && delivery.head.result !== undefined);
  return (
    deliveries.findLast((delivery) => countsAsResponse(delivery) && !(hasReported && isSilentReplay(delivery))) ??
    deliveries.findLast(({ head }) => head.aside === undefined && head.status === undefined)
  );
}

/** Whether the app responded and the delivery counts for the status. */
function countsAsResponse({ head }: DeliveryRow): boolean {
  return head.status !== undefined && head.aside === undefined && !isUnhandledReplay(head);
}

/** Whether this is a replay that no handler ran for. */
function isUnhandledReplay({ cause, result }: DeliveryHead): boolean {
  return cause === "replay" && (result === "duplicate" || result === "rejected");
}

/**
 * Whether this is a replay that an app accepted without reporting a result. If another delivery has a result, this response came from a
 * different app, or from an earlier version of the app.
 */
function isSilentReplay({ head: { cause, status, result } }: DeliveryRow): boolean {
  return cause === "replay" && succeeded(status) && result === undefined;
}

/** Whether the app has ever responded to this push, in a delivery that counts for the status. */
export function wasDelivered({ deliveries }: Row): boolean {
  return deliveries.some(countsAsResponse);
}

/** The status for a result that the app's receiver reported. For other results, the HTTP status decides. */
const REPORTED_STATUSES: ReadonlyMap<unknown, Status> = new Map(STATUS_RESULTS.map((result) => [result, result]));

/** The status for the mark of an inbox. A push with another mark, or without a mark, is `stored`. */
const INBOX_STATUSES: ReadonlyMap<unknown, Status> = new Map<unknown, Status>([
  ...REPORTED_STATUSES,
  ["done", "handled"],
  ["dropped", "dropped"],
]);

/** The status of a push, from its deliveries or, in an inbox, from its newest mark. */
export function statusOf(row: Row): Status {
  const deciding = decidingDelivery(row)?.head;
  if (deciding === undefined && hasInboxMarks(row)) return INBOX_STATUSES.get(row.mark?.state) ?? "stored";
  if (deciding?.status === undefined) return "undelivered";
  return REPORTED_STATUSES.get(deciding.result) ?? (succeeded(deciding.status) ? "accepted" : "failed");
}

/** Whether the marks of a push are those of an inbox. An imported push has no mark if it does not come from an inbox. */
function hasInboxMarks({ push, mark }: Row): boolean {
  return push.source === "inbox" || (push.source === "import" && mark !== undefined);
}

/** Whether the proxy acknowledged a push that the app has not responded to yet. */
export function isPending(row: Row): boolean {
  return row.mark?.state === ACKNOWLEDGED && !wasDelivered(row);
}

/** The pushes that the proxy acknowledged and the app has not responded to yet. */
export function pendingRows(index: JournalIndex): Row[] {
  return index.rows.filter(isPending);
}

/** The command that sent a test push. */
export type TestCause = "trigger" | "drill";

/** The command that sent a push, if it is a test push. */
export function testCauseOf({ push: { source } }: Row): TestCause | undefined {
  return source === "trigger" || source === "drill" ? source : undefined;
}

/**
 * The URL that the newest push was sent to on receipt, or from the queue; `undefined` if there is none. Ignores imported pushes, which were
 * sent to the app of somebody else.
 */
export function lastTarget({ rows }: JournalIndex): URL | undefined {
  for (const row of rows.toReversed()) {
    const live = row.deliveries.findLast(({ head }) => head.cause !== "replay");
    if (live === undefined || row.push.imported === true) continue;
    if (URL.canParse(live.head.target)) return new URL(live.head.target);
  }
  return undefined;
}
