import type { DeliveryRow, Row } from "../journal/rows.js";
import { INBOX_STATUSES, lastDelivery } from "../journal/status.js";
import type { Reader } from "../journal/store.js";
import type { Result } from "./verdict.js";

/** A target without its query, which may hold a token. */
export function addressOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

/**
 * What a replay's answer is compared with; nothing when there was none yet.
 * @param elsewhere the other app, when it goes there: the last answer of that one comes first, and what live pushes met there second
 */
export async function resultBefore(reader: Reader, row: Row, elsewhere: URL | undefined): Promise<Result | undefined> {
  const last = (elsewhere && lastAt(row, addressOf(elsewhere))) ?? lastDelivery(row);
  if (last === undefined) return resultOfInbox(row);
  const { status, error } = last.head;
  const body = status === undefined ? Buffer.alloc(0) : (await reader.content(last.place)).body;
  return { status: status ?? null, ...(error === undefined ? {} : { error }), body };
}

function lastAt({ deliveries }: Row, address: string): DeliveryRow | undefined {
  const isThere = ({ head: { target, aside } }: DeliveryRow) =>
    (aside === undefined || aside === "elsewhere") && URL.canParse(target) && addressOf(new URL(target)) === address;
  return deliveries.findLast(isThere);
}

/** What production made of a push that its inbox took: the bytes of its answer are not known. */
function resultOfInbox({ push, mark }: Row): Result | undefined {
  if (push.source !== "inbox" || mark === undefined) return undefined;
  const status = INBOX_STATUSES[mark.state];
  if (status === undefined) return undefined;
  return status === "failed" ? { status: null, error: "its handlers failed" } : { status: 200 };
}
