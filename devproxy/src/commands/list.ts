import type { Command } from "commander";
import { connectControl, MAX_LISTED } from "../control/index.js";
import { contentIn, type Filters, filterRows, hasFilters, type Row } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { droppedLine, failureReason, listSummary, rowJson, rowTable, safeLine } from "../report/index.js";
import { addFilterFlags, addJournalFlag, addOutputFlags, filtersOf, wholeNumber } from "./flags.js";
import { existingFolder, type FolderReader, type Output, readFolder } from "./folder.js";

const NEWEST = 50;

/** Flags of `list`. */
export interface ListFlags extends Filters {
  journal: string;
  last?: number;
  reveal: boolean;
  json: boolean;
}

export function addList(program: Command, context: Output): void {
  const command = program
    .command("list")
    .description("list recorded pushes")
    .option("--last <n>", `only the newest n (default: ${NEWEST}; all with a filter or --json)`, wholeNumber(1));
  addOutputFlags(addFilterFlags(addJournalFlag(command)))
    .addHelpText("after", "\nExample:\n  airudder-devproxy list --status failed --since 1h")
    .action((flags: ListFlags) => list(flags, context));
}

/** Prints the pushes that match. */
export async function list(flags: ListFlags, context: Output): Promise<void> {
  const { out, err } = context;
  const filters = filtersOf(flags);
  const max = flags.last ?? (flags.json || hasFilters(filters) ? undefined : NEWEST);
  const dir = await existingFolder(flags.journal);
  const { reader, rows: chosen, matching, total } = await listingOf(dir, filters, max, context);
  const redactor = await Redactor.of(dir, flags.reveal);
  const table = flags.json ? undefined : rowTable(out, chosen, redactor);
  if (table !== undefined && chosen.length > 0) out.line(table.header);
  for (const row of chosen) {
    await out.drained();
    if (out.isGone) return;
    if (table === undefined) out.json(await rowJson(reader, row, redactor));
    else {
      out.line(table.line(row));
      const error = await failureReason(reader, row, redactor);
      if (error !== undefined) out.line(`         ${out.style("red", safeLine(error))}`);
    }
  }
  if (reader.dropped > 0) err.line(droppedLine(reader.dropped));
  if (flags.json) return;
  // Names a journal that was found above the working directory.
  const where = flags.journal.startsWith("..") ? `, in ${flags.journal}` : "";
  out.line(out.style("dim", listSummary({ shown: chosen.length, matching, total }, filters) + where));
}

/** The pushes to print, and what reads their content. */
interface Found {
  reader: Pick<FolderReader, "content" | "dropped">;
  rows: readonly Row[];
  /** Number of matching pushes; `undefined` if only the newest were searched for. */
  matching: number | undefined;
  total: number;
}

/** The pushes to print: from the memory of a running `listen` if possible, otherwise from the folder. */
async function listingOf(dir: string, filters: Filters, max: number | undefined, context: Output): Promise<Found> {
  if (max !== undefined && max <= MAX_LISTED && filters.text === undefined) {
    const say = (line: string) => context.err.line(line);
    const listening = await connectControl(dir, say).catch(({ message }: Error) => void say(message));
    const listing = await listening?.list({ filters, last: max });
    if (listing !== undefined && listing.total > 0) {
      for (const line of listing.damage) context.err.line(line);
      return { ...listing, reader: { content: contentIn(dir), dropped: 0 } };
    }
  }
  const reader = await readFolder(dir, context);
  const { rows } = reader.index;
  if (filters.text === undefined) {
    const all = await filterRows(reader, rows, filters);
    const chosen = max === undefined ? all : all.slice(-max);
    return { rows: chosen, matching: all.length, total: rows.length, reader };
  }
  // Reads only as many bodies from the disk as needed.
  const chosen = await filterRows(reader, rows, filters, max);
  const matching = chosen.length === max ? undefined : chosen.length;
  return { rows: chosen, matching, total: rows.length, reader };
}
