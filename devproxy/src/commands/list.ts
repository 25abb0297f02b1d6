import type { Command } from "commander";
import { droppedLine } from "../journal/dropped.js";
import { type Filters, filterRows, hasFilters } from "../journal/filters.js";
import { Curtain } from "../privacy/curtain.js";
import { rowJson, rowLine } from "../report/row.js";
import { pushes } from "../report/words.js";
import { type Context, readFolder } from "./context.js";
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
  const reader = await readFolder(flags.journal, context);
  const { rows } = reader.index;
  const most = flags.last ?? (flags.json || hasFilters(filters) ? undefined : NEWEST);
  const chosen = await filterRows(reader, rows, filters, most);
  const curtain = await Curtain.of(reader.dir, flags.reveal);
  for (const row of chosen) {
    await out.drained();
    if (out.isGone) return;
    if (flags.json) out.json(rowJson(row, curtain));
    else out.line(rowLine(out, row, curtain));
  }
  if (reader.dropped > 0) err.line(droppedLine(reader.dropped));
  if (flags.json) return;
  const isCut = chosen.length === most && chosen.length < rows.length;
  const count = `${isCut ? "the newest " : ""}${pushes(chosen.length)} of ${rows.length}${isCut ? ": --last N for more" : ""}`;
  out.line(out.style("dim", count));
}
