import { errorCodeOf, readOutcome } from "../http/index.js";
import {
  decidingDelivery,
  type JournalReader,
  type Row,
  type Status,
  statusOf,
  succeeded,
  unlessDropped,
} from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";

const UNHANDLED: readonly Status[] = ["failed", "dead", "quarantined", "undelivered"];

/** Why a push was not handled: its handler's error, the code of the error response, or why there was no response. `undefined` if unknown. */
export async function failureReason(
  reader: Pick<JournalReader, "content">,
  row: Row,
  redactor: Redactor,
): Promise<string | undefined> {
  if (!UNHANDLED.includes(statusOf(row))) return undefined;
  const last = decidingDelivery(row);
  if (last === undefined) return row.mark?.error && redactHandlerError(reader, row, row.mark.error, redactor);
  if (last.head.status === undefined) return last.head.error && redactor.text(last.head.error);
  const response = await unlessDropped(reader.content(last.location));
  const error = readOutcome(response?.headers["airudder-outcome"])?.error;
  if (error) return redactHandlerError(reader, row, error, redactor);
  return response && !succeeded(last.head.status) ? errorCodeOf(response.body) : undefined;
}

/** Redacts the error of a handler, which may quote the push's payload. */
async function redactHandlerError(
  reader: Pick<JournalReader, "content">,
  row: Row,
  error: string,
  redactor: Redactor,
): Promise<string> {
  return redactor.handlerError(error, await unlessDropped(reader.content(row.location)));
}
