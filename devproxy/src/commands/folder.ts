import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type Damage,
  describeDamage,
  type JournalRecord,
  listSegments,
  type RecordLocation,
} from "airudder-webhooks/journal";
import { configPath } from "../config/index.js";
import { DevproxyError } from "../errors.js";
import { isDropped, type JournalReader, openSnapshot } from "../journal/index.js";
import type { MessageOutput } from "./output.js";

/**
 * Checks that a journal exists. Returns its absolute path.
 * @throws DevproxyError `no_journal`
 */
export async function requireJournal(journal: string): Promise<string> {
  const dir = resolve(journal);
  const stats = await stat(dir).catch((error: NodeJS.ErrnoException) => error);
  if (stats instanceof Error) {
    const why = stats.code === "ENOENT" ? "does not exist" : `cannot be read (${stats.code})`;
    throw new DevproxyError(
      "no_journal",
      `The journal ${dir} ${why}. Start "airudder-devproxy listen" there, or use --journal.`,
      3,
    );
  }
  if (!stats.isDirectory()) throw new DevproxyError("no_journal", `The journal ${dir} is not a folder.`, 3);
  // If the folder cannot be listed, reading the journal reports why.
  const segments = await listSegments(dir).catch(() => undefined);
  const hasConfig = await stat(configPath(dir)).then(
    () => true,
    () => false,
  );
  if (segments?.length === 0 && !hasConfig) {
    const what = `The folder ${dir} is not a journal: it contains neither 000001.ndjson nor config.json.`;
    throw new DevproxyError(
      "no_journal",
      `${what} Use --journal with the journal of listen, or the file inbox of an app.`,
      3,
    );
  }
  return dir;
}

/** A snapshot of a journal. */
export interface FolderReader extends JournalReader {
  /** Number of records that could not be read because their segment was dropped meanwhile. */
  readonly dropped: number;
}

/**
 * A snapshot of a journal, which another process may be writing to. Reports damage on standard error.
 * @throws DevproxyError `no_journal`; `journal_damaged`, if no push can be read
 */
export async function readFolder(journal: string, { err }: MessageOutput): Promise<FolderReader> {
  const damage: Damage[] = [];
  const reader = await openSnapshot(await requireJournal(journal), { onDamage: (one) => damage.push(one) });
  reportDamage(damage, reader, err);
  const dropped = new Set<string>();
  const onError = (error: Error, location: RecordLocation): never => {
    if (isDropped(error)) dropped.add(`${location.segment}:${location.offset}`);
    return throwDamaged(error, location);
  };
  return {
    ...reader,
    content: (location) => reader.content(location).catch((error) => onError(error, location)),
    records: (locations) =>
      recordsOf(reader, locations, (location) => dropped.add(`${location.segment}:${location.offset}`)),
    get dropped() {
      return dropped.size;
    },
  };
}

/**
 * Prints the damage of a journal.
 * @throws DevproxyError `journal_damaged`, if no push can be read
 */
export function reportDamage(
  damage: readonly Damage[],
  { dir, index }: Pick<JournalReader, "dir" | "index">,
  err: MessageOutput["err"],
): void {
  const lines = describeDamage(damage);
  if (lines.length > 0 && index.rows.length === 0) {
    const message = `No push of the journal ${dir} can be read: ${lines.join(" ")}`;
    throw new DevproxyError("journal_damaged", message, 3);
  }
  for (const line of lines) err.line(line);
}

/** Reads records. Calls `onDropped` for dropped ones, and throws an error with the location of a damaged one. */
async function* recordsOf(
  reader: JournalReader,
  locations: Iterable<RecordLocation>,
  onDropped: (location: RecordLocation) => void,
): AsyncGenerator<Iterable<JournalRecord | undefined>> {
  /** The locations of the records that are not parsed yet. */
  const pending: RecordLocation[] = [];
  const trackedLocations = function* () {
    for (const location of locations) {
      pending.push(location);
      yield location;
    }
  };
  for await (const block of reader.records(trackedLocations())) yield parsedRecords(block, pending, onDropped);
}

function* parsedRecords(
  records: Iterable<JournalRecord | undefined>,
  pending: RecordLocation[],
  onDropped: (location: RecordLocation) => void,
): Generator<JournalRecord | undefined> {
  try {
    for (const record of records) {
      const location = pending.shift() as RecordLocation;
      if (record === undefined) onDropped(location);
      yield record;
    }
  } catch (error) {
    throwDamaged(error as Error, pending[0] as RecordLocation);
  }
}

/** Throws an error that names the location of a damaged record, without data of the record. Rethrows other errors. */
function throwDamaged(error: Error, { segment, offset }: RecordLocation): never {
  if (!(error.cause instanceof SyntaxError)) throw error;
  const message = `Segment ${segment} of the journal is damaged at byte ${offset}: that record cannot be read.`;
  throw new DevproxyError("journal_damaged", message, 3);
}
