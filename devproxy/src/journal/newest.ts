import { listSegments, readJournal } from "airudder-webhooks/journal";
import { describeWrongField } from "./fields.js";
import { JournalIndex } from "./journal-index.js";
import type { Row } from "./row.js";

/**
 * The newest pushes of a journal, oldest first, for a caller that must be fast: reads only as many segments as needed, and skips damaged
 * records. A status that a skipped segment determines is not known.
 * @param max maximum number of pushes
 * @throws JournalError `journal_unreadable`, `journal_newer`
 */
export async function newestRows(dir: string, max: number): Promise<Row[]> {
  const segments = await listSegments(dir);
  for (let count = 1; ; count *= 2) {
    const from = segments.at(-count) ?? 0;
    const index = new JournalIndex();
    await readJournal(dir, {
      loadSummary: async (segment) => (segment < from ? skipped(segment) : undefined),
      onRecord: (entry) => {
        if (describeWrongField(entry.head) === undefined) index.add(entry);
      },
    });
    if (index.rows.length >= max || count >= segments.length) return index.rows.slice(-max);
  }
}

function skipped(segment: number) {
  return { segment, bytes: 0, tornBytes: 0, nextSeq: 1, damage: [], unknown: false };
}
