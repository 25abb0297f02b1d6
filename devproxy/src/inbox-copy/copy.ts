import type { InboxQuery } from "airudder-webhooks/inbox";
import { type JournalRecord, openJournal, type PushHead } from "airudder-webhooks/journal";
import type { InboxUrl } from "../config/index.js";
import { usageError } from "../errors.js";
import { matchesSelector } from "../journal/index.js";
import { readBullmq } from "./bullmq.js";
import { readPostgres } from "./postgres.js";
import { queryOf, type Selection } from "./selection.js";
import { makeTemporaryFolder } from "./temporary-folder.js";

/** Maximum number of records that wait to be written, and maximum size of their bodies. */
const MAX_BATCH = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** A copy of pushes of an inbox. */
export interface InboxCopy {
  /** A temporary folder in the format of a journal. It is removed when the process ends. */
  dir: string;
  /** Number of pushes. */
  count: number;
}

/**
 * Copies pushes of an app's inbox in a database into a temporary folder. Changes nothing in the database.
 * @param onProgress called with the number of pushes copied so far
 * @throws DevproxyError `usage`, if an id matches no push; `inbox_unreadable`, `driver_missing`
 */
export async function copyInbox(
  inbox: InboxUrl,
  selection: Selection,
  onProgress: (count: number) => void = () => undefined,
): Promise<InboxCopy> {
  const query = queryOf(selection);
  const missing = new Set(query.ids);
  const dir = makeTemporaryFolder();
  const journal = await openJournal(dir);
  let count = 0;
  try {
    let batch: JournalRecord[] = [];
    let bytes = 0;
    const write = async () => {
      await Promise.all(batch.map(({ head, content }) => journal.append(head, content)));
      batch = [];
      bytes = 0;
      onProgress(count);
    };
    for await (const record of recordsOf(inbox, query)) {
      batch.push(record);
      bytes += record.content?.body.length ?? 0;
      if (record.head.kind === "push") {
        count++;
        for (const id of missing) if (matchesSelector(id, record.head as PushHead)) missing.delete(id);
      }
      if (batch.length >= MAX_BATCH || bytes >= MAX_BATCH_BYTES) await write();
    }
    await write();
  } finally {
    await journal.close();
  }
  const [notFound] = missing;
  if (notFound !== undefined) {
    const where = notFound.text.includes("..") ? "in " : "";
    throw usageError(`There is no push ${where}${notFound.text} in ${inbox.shown}.`);
  }
  return { dir, count };
}

function recordsOf(inbox: InboxUrl, query: InboxQuery): AsyncGenerator<JournalRecord> {
  return inbox.engine === "postgres" ? readPostgres(inbox, query) : readBullmq(inbox, query);
}
