import { errorCodeOf, readOutcome } from "../http/index.js";
import { type DeliveryRow, decidingDelivery, type JournalReader, type Row, statusOf } from "../journal/index.js";
import type { AppResult } from "./verdict.js";

/** A target without its credentials and query, which may contain secrets. */
export function originAndPath({ origin, pathname }: URL): string {
  return origin + pathname;
}

/**
 * The previous result of a push, which a replay is compared with. `undefined` if the app has not responded to any of its deliveries: a
 * failed connection is not a baseline.
 * @param otherTarget the target of the replay, if it is not the app of live pushes. Its last response takes precedence
 */
export async function baselineOf(
  reader: JournalReader,
  row: Row,
  otherTarget: URL | undefined,
): Promise<AppResult | undefined> {
  const last = (otherTarget && lastResponseOf(row, originAndPath(otherTarget))) ?? decidingDelivery(row);
  if (last === undefined) return resultOfInbox(row);
  if (last.head.status === undefined) return undefined;
  const { headers, body } = await reader.content(last.location);
  const outcome = readOutcome(headers["airudder-outcome"]);
  return { status: last.head.status, code: errorCodeOf(body), outcome, body };
}

function lastResponseOf({ deliveries }: Row, targetUrl: string): DeliveryRow | undefined {
  const isResponse = ({ head: { target, aside, status } }: DeliveryRow) =>
    status !== undefined &&
    (aside === undefined || aside === "elsewhere") &&
    URL.canParse(target) &&
    originAndPath(new URL(target)) === targetUrl;
  return deliveries.findLast(isResponse);
}

/** The result of a push in an inbox, which does not store responses. */
function resultOfInbox(row: Row): AppResult | undefined {
  if (row.push.source !== "inbox") return undefined;
  const status = statusOf(row);
  if (status === "handled" || status === "ignored" || status === "quarantined")
    return { status: 200, outcome: { result: status } };
  if (status === "failed" || status === "dead")
    return { status: null, error: "the handlers failed", outcome: { result: status } };
  return undefined;
}
