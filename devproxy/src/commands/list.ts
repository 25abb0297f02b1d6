import type { Command } from "commander";
import { connectControl } from "../control/client.js";
import { type Listing, MAX_LISTED } from "../control/listing.js";
import { droppedLine } from "../journal/dropped.js";
import { type Filters, filterRows, hasFilters } from "../journal/filters.js";
import { Curtain } from "../privacy/curtain.js";
import { rowJson, rowLine } from "../report/row.js";
import { pushes } from "../report/words.js";
import { type Context, existingFolder, readFolder } from "./context.js";
import { addFilterFlags, addJournalFlag, addOutputFlags, filtersOf, wholeNumber } from "./flags.js";

const NEWEST = 50;

/** Flags of `list`. */
export interface ListFlags extends Filters {
  journal: string;
  last?: number;
  reveal: boolean;
  json: boolean;
}

export function addList(program: Command, context: Context): void {
  const command = program
    .command("list")
    .description("list recorded pushes")
    .option(
      "--last <n>",
      `only the newest n (default: ${NEWEST} where no filter is given and for people, else all)`,
      wholeNumber(1),
    );
  addOutputFlags(addFilterFlags(addJournalFlag(command)))
    .addHelpText("after", "\nExample:\n  airudder-devproxy list --status failed --since 1h")
    .action((flags: ListFlags) => list(flags, context));
}

/** Prints the pushes that match. */
export async function list(flags: ListFlags, context: Context): Promise<void> {
  const { out, err } = context;
  const filters = filtersOf(flags);
  const most = flags.last ?? (flags.json || hasFilters(filters) ? undefined : NEWEST);
  const dir = await existingFolder(flags.journal);
  const { rows: chosen, total, dropped } = await listingOf(dir, filters, most, context);
  const curtain = await Curtain.of(dir, flags.reveal);
  for (const row of chosen) {
    await out.drained();
    if (out.isGone) return;
    if (flags.json) out.json(rowJson(row, curtain));
    else out.line(rowLine(out, row, curtain));
  }
  if (dropped > 0) err.line(droppedLine(dropped));
  if (flags.json) return;
  const isCut = chosen.length === most && chosen.length < total;
  const count = `${isCut ? "the newest " : ""}${pushes(chosen.length)} of ${total}${isCut ? ": --last N for more" : ""}`;
  out.line(out.style("dim", count));
}

/** The pushes to print: from the running `listen` if it can tell, which takes no reading, else from the folder. */
async function listingOf(
  dir: string,
  filters: Filters,
  most: number | undefined,
  context: Context,
): Promise<Omit<Listing, "damage"> & { dropped: number }> {
  if (most !== undefined && most <= MAX_LISTED && filters.text === undefined) {
    const say = (line: string) => context.err.line(line);
    const listening = await connectControl(dir, say).catch(({ message }: Error) => void say(message));
    const listing = await listening?.list({ filters, last: most });
    if (listing !== undefined && listing.total > 0) {
      for (const line of listing.damage) context.err.line(line);
      return { ...listing, dropped: 0 };
    }
  }
  const reader = await readFolder(dir, context);
  const { rows } = reader.index;
  const chosen = await filterRows(reader, rows, filters, most);
  return { rows: chosen, total: rows.length, dropped: reader.dropped };
}
