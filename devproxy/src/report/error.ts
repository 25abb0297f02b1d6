import { unlessDropped } from "../journal/dropped.js";
import { readOutcome } from "../journal/outcome.js";
import type { Row } from "../journal/rows.js";
import { lastDelivery, type Status, statusOf } from "../journal/status.js";
import type { Reader } from "../journal/store.js";
import type { Curtain } from "../privacy/curtain.js";

const UNHANDLED: readonly Status[] = ["failed", "dead", "quarantined", "undelivered"];

/** Why a push was not handled: its handler's error, or why there was no response. `undefined` if that is not known. */
export async function errorOf(
  reader: Pick<Reader, "content">,
  row: Row,
  curtain: Curtain,
): Promise<string | undefined> {
  if (!UNHANDLED.includes(statusOf(row))) return undefined;
  const last = lastDelivery(row);
  if (last === undefined) return row.mark?.error && redacted(reader, row, row.mark.error, curtain);
  if (last.head.status === undefined) return last.head.error && curtain.text(last.head.error);
  const response = await unlessDropped(reader.content(last.place));
  const error = readOutcome(response?.headers["airudder-outcome"])?.error;
  return error && redacted(reader, row, error, curtain);
}

/** An error of a handler, which may quote the push's payload. */
async function redacted(reader: Pick<Reader, "content">, row: Row, error: string, curtain: Curtain): Promise<string> {
  return curtain.handlerError(error, await unlessDropped(reader.content(row.place)));
}
