import type { Command } from "commander";
import { connectControl, MAX_LISTED } from "../client/index.js";
import { contentIn, type Filters, filterRows, hasFilters, type Row } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import {
  droppedLine,
  explainedReason,
  failureReason,
  listSummary,
  rowJson,
  rowTable,
  safeLine,
} from "../report/index.js";
import { addFilterFlags, addOutputFlags, addReadJournalFlag, filtersOf, wholeNumber } from "./flags.js";
import { type FolderReader, readFolder, requireJournal } from "./folder.js";
import { localJournal } from "./local-journal.js";
import type { MessageOutput, Output } from "./output.js";

const DEFAULT_MAX = 50;

/** Flags of `list`. */
export interface ListFlags extends Filters {
  journal: string;
  last?: number;
  reveal: boolean;
  json: boolean;
}

export function addList(program: Command, output: Output): void {
  const command = program
    .command("list")
    .description("list recorded pushes")
    .option(
      "--last <n>",
      `only the newest n (default: ${DEFAULT_MAX}, or all with a filter or --json)`,
      wholeNumber(1),
    );
  addOutputFlags(addFilterFlags(addReadJournalFlag(command)))
    .addHelpText("after", "\nExample:\n  airudder-devproxy list --status failed --since 1h")
    .action((flags: ListFlags) => list(flags, output));
}

/** Prints the matching pushes. */
export async function list(flags: ListFlags, output: Output): Promise<void> {
  const { out, err } = output;
  const filters = filtersOf(flags);
  const max = flags.last ?? (flags.json || hasFilters(filters) ? undefined : DEFAULT_MAX);
  const { folder, shown, isCopy } = await localJournal(flags.journal, { filters, last: max }, output);
  const dir = await requireJournal(folder);
  const { reader, rows, matching, total } = await pushesToPrint(dir, filters, max, output);
  const redactor = await Redactor.of(dir, flags.reveal);
  const table = flags.json ? undefined : rowTable(out, rows, redactor);
  if (table !== undefined && rows.length > 0) out.line(table.header);
  for (const row of rows) {
    await out.drained();
    if (out.isClosed) return;
    if (table === undefined) out.json(await rowJson(reader, row, redactor));
    else {
      out.line(table.line(row));
      const error = await failureReason(reader, row, redactor);
      if (error !== undefined) out.line(`         ${out.style("red", safeLine(explainedReason(error)))}`);
    }
  }
  if (reader.dropped > 0) err.line(droppedLine(reader.dropped));
  if (flags.json) return;
  // The default journal may be in a parent folder, so print which one was read.
  const where = isCopy || shown.startsWith("..") ? `, in ${safeLine(shown)}` : "";
  // A copy contains only the newest pushes, so the number of all that match is unknown.
  const isLimited = isCopy && rows.length === max;
  const counts = { shown: rows.length, matching: isLimited ? undefined : matching, total };
  out.line(out.style("dim", listSummary(counts, filters) + where));
}

/** The pushes to print, and a reader of their content. */
export interface PushesToPrint {
  reader: Pick<FolderReader, "content" | "dropped">;
  rows: readonly Row[];
  /** Number of matching pushes; `undefined` if the search ended before the oldest push. */
  matching: number | undefined;
  total: number;
}

/** The pushes to print: from the memory of a running `listen` if possible, otherwise from the folder. */
export async function pushesToPrint(
  dir: string,
  filters: Filters,
  max: number | undefined,
  output: MessageOutput,
): Promise<PushesToPrint> {
  if (max !== undefined && max <= MAX_LISTED && filters.text === undefined) {
    const warn = (line: string) => output.err.line(line);
    const control = await connectControl(dir, warn).catch(({ message }: Error) => void warn(message));
    const listing = await control?.list({ filters, last: max });
    if (listing !== undefined && listing.total > 0) {
      for (const line of listing.damage) output.err.line(line);
      return { ...listing, reader: { content: contentIn(dir), dropped: 0 } };
    }
  }
  const reader = await readFolder(dir, output);
  const total = reader.index.rows.length;
  if (filters.text === undefined) {
    const matching = await filterRows(reader, reader.index.rows, filters);
    const rows = max === undefined ? matching : matching.slice(-max);
    return { reader, rows, matching: matching.length, total };
  }
  // --text reads bodies from the disk: stop as soon as enough pushes match.
  const rows = await filterRows(reader, reader.index.rows, filters, max);
  return { reader, rows, matching: rows.length === max ? undefined : rows.length, total };
}
