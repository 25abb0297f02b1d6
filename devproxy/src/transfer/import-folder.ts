import { listSegments, type RecordLocation } from "airudder-webhooks/journal";
import { DevproxyError, usageError } from "../errors.js";
import { openSnapshot, type Row } from "../journal/index.js";
import { exchangesOf } from "./exchanges.js";
import type { LeftOut } from "./left-out.js";
import type { SourceItem } from "./source-item.js";

/**
 * Reads the pushes of a journal of a dev proxy, of a file inbox, or of a copy of their segments. Takes no lock. Skips and reports damage.
 * @throws DevproxyError `usage` for a folder that is not a journal, `journal_damaged` if no push can be read; JournalError
 * `journal_unreadable`, `journal_newer`
 */
export async function* folderItems(path: string, leftOut: LeftOut): AsyncGenerator<SourceItem> {
  // If the folder cannot be listed, reading the journal reports why.
  const segments = await listSegments(path).catch(() => undefined);
  if (segments?.length === 0)
    throw usageError(`The folder ${path} is not a journal: it contains no file such as 000001.ndjson.`);
  const leaveOut = (reason: string, { segment, offset }: RecordLocation) =>
    leftOut.add(reason, `segment ${segment}, byte ${offset}`);
  const reader = await openSnapshot(path, { onDamage: (damage) => leaveOut(damage.reason, damage) });
  if (reader.index.rows.length === 0 && leftOut.count > 0) {
    const message = `No push of the journal ${path} can be read: all records are damaged.`;
    throw new DevproxyError("journal_damaged", message, 3);
  }
  const damaged = (location: RecordLocation) => leaveOut("the record is damaged", location);
  for await (const { row, content, deliveries } of exchangesOf(reader, reader.index.rows, damaged)) {
    const place = `#${row.push.seq}`;
    yield { kind: "push", place, head: row.push, content };
    for (const { head, content: response } of deliveries) yield { kind: "record", place, head, content: response };
    yield* markOf(row, place);
  }
}

function* markOf({ mark }: Row, place: string): Generator<SourceItem> {
  if (mark !== undefined) yield { kind: "record", place, head: mark };
}
