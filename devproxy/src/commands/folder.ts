import { readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Place } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import { isDropped, openSnapshot, type SnapshotReader, type WholeRecord } from "../journal/index.js";
import { DamageTally, type Screen } from "../report/index.js";
import type { Output } from "./output.js";

/**
 * The absolute path of an existing journal.
 * @throws DevproxyError `no_journal`
 */
export async function existingFolder(journal: string): Promise<string> {
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
  const names = await readdir(dir).catch(() => undefined);
  if (names !== undefined && !names.some((name) => name === "config.json" || /^\d{6,}\.ndjson$/.test(name))) {
    const what = `The folder ${dir} is not a journal: it contains neither 000001.ndjson nor config.json.`;
    throw new DevproxyError(
      "no_journal",
      `${what} Use --journal with the folder of a listen, or of an app's file inbox.`,
      3,
    );
  }
  return dir;
}

/** A snapshot of a journal. */
export interface FolderReader extends SnapshotReader {
  /** Number of records that could not be read because their segment was dropped meanwhile. */
  readonly dropped: number;
}

/**
 * A snapshot of a journal, which another process may be writing to. Reports damage on standard error.
 * @throws DevproxyError `no_journal`; `journal_damaged`, if no push can be read
 */
export async function readFolder(journal: string, { err }: Output): Promise<FolderReader> {
  const damage = new DamageTally();
  const reader = await openSnapshot(await existingFolder(journal), { onDamage: (one) => damage.add(one) });
  reportDamage(damage, reader, err);
  const dropped = new Set<string>();
  const fail = (error: Error, place: Place): never => {
    if (isDropped(error)) dropped.add(`${place.segment}:${place.offset}`);
    return damaged(error, place);
  };
  return {
    ...reader,
    content: (place) => reader.content(place).catch((error) => fail(error, place)),
    records: (places) => recordsOf(reader, places, (place) => dropped.add(`${place.segment}:${place.offset}`)),
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
  damage: DamageTally,
  { dir, index }: Pick<SnapshotReader, "dir" | "index">,
  err: Screen,
): void {
  const lines = damage.lines();
  if (lines.length > 0 && index.rows.length === 0) {
    const message = `No push of the journal ${dir} can be read: ${lines.join(" ")}`;
    throw new DevproxyError("journal_damaged", message, 3);
  }
  for (const line of lines) err.line(line);
}

/** Reads records. Calls `onDropped` for dropped ones, and throws an error with the location of a damaged one. */
async function* recordsOf(
  reader: SnapshotReader,
  places: Iterable<Place>,
  onDropped: (place: Place) => void,
): AsyncGenerator<Iterable<WholeRecord | undefined>> {
  /** The locations of the records that are not parsed yet. */
  const pending: Place[] = [];
  const remembered = function* () {
    for (const place of places) {
      pending.push(place);
      yield place;
    }
  };
  for await (const block of reader.records(remembered())) yield checked(block, pending, onDropped);
}

function* checked(
  records: Iterable<WholeRecord | undefined>,
  pending: Place[],
  onDropped: (place: Place) => void,
): Generator<WholeRecord | undefined> {
  try {
    for (const record of records) {
      const place = pending.shift() as Place;
      if (record === undefined) onDropped(place);
      yield record;
    }
  } catch (error) {
    damaged(error as Error, pending[0] as Place);
  }
}

/** Throws the error of a record, without its content. */
function damaged(error: Error, { segment, offset }: Place): never {
  if (!(error.cause instanceof SyntaxError)) throw error;
  const message = `Segment ${segment} of the journal is damaged at byte ${offset}: that record cannot be read.`;
  throw new DevproxyError("journal_damaged", message, 3);
}
