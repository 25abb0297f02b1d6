import { errorCodeOf, readOutcome } from "../http/index.js";
import { type DeliveryRow, type JournalReader, lastDelivery, type Row, statusOf } from "../journal/index.js";
import type { Result } from "./verdict.js";

/** A target without its query, which may contain a token. */
export function addressOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

/**
 * The baseline of a replay: the last result of its push. `undefined` if there was no response yet: a failed connection is no baseline.
 * @param elsewhere the target, if it is not the app of live pushes; its own last response takes precedence
 */
export async function resultBefore(
  reader: JournalReader,
  row: Row,
  elsewhere: URL | undefined,
): Promise<Result | undefined> {
  const last = (elsewhere && lastAt(row, addressOf(elsewhere))) ?? lastDelivery(row);
  if (last === undefined) return resultOfInbox(row);
  if (last.head.status === undefined) return undefined;
  const { headers, body } = await reader.content(last.location);
  const outcome = readOutcome(headers["airudder-outcome"]);
  return { status: last.head.status, code: errorCodeOf(body), outcome, body };
}

function lastAt({ deliveries }: Row, address: string): DeliveryRow | undefined {
  const isThere = ({ head: { target, aside, status } }: DeliveryRow) =>
    status !== undefined &&
    (aside === undefined || aside === "elsewhere") &&
    URL.canParse(target) &&
    addressOf(new URL(target)) === address;
  return deliveries.findLast(isThere);
}

/** The result of a push according to its inbox, which does not store responses. */
function resultOfInbox(row: Row): Result | undefined {
  if (row.push.source !== "inbox") return undefined;
  const status = statusOf(row);
  if (status === "handled") return { status: 200, outcome: { result: status } };
  if (status === "ignored" || status === "quarantined") return { status: 200, outcome: { result: status } };
  if (status === "failed" || status === "dead")
    return { status: null, error: "its handlers failed", outcome: { result: status } };
  return undefined;
}
