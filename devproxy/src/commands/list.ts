import type { Command } from "commander";
import { type Filters, filterRows, hasFilters } from "../journal/filters.js";
import { Curtain } from "../privacy/curtain.js";
import { errorOf } from "../report/error.js";
import { listSummary } from "../report/list-summary.js";
import { rowJson, rowTable } from "../report/row.js";
import { clean } from "../report/words.js";
import { type Context, readFolder } from "./context.js";
import { addFilterFlags, addJournalFlag, addOutputFlags, filtersOf, wholeNumber } from "./flags.js";

const NEWEST = 50;

interface ListFlags extends Filters {
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

async function list(flags: ListFlags, context: Context): Promise<void> {
  const { out } = context;
  const filters = filtersOf(flags);
  const reader = await readFolder(flags.journal, context);
  const { rows } = reader.index;
  const most = flags.last ?? (flags.json || hasFilters(filters) ? undefined : NEWEST);
  // Bodies are read from the disk: only as many as needed.
  const isSearch = filters.text !== undefined;
  const matching = await filterRows(reader, rows, filters, isSearch ? most : undefined);
  const chosen = most === undefined ? matching : matching.slice(-most);
  const curtain = await Curtain.of(reader.dir, flags.reveal);
  if (flags.json) {
    for (const row of chosen) {
      if (out.isGone) return;
      out.json(await rowJson(reader, row, curtain));
    }
    return;
  }
  const table = rowTable(out, chosen, curtain);
  if (chosen.length > 0) out.line(table.header);
  for (const row of chosen) {
    if (out.isGone) return;
    out.line(table.line(row));
    const error = await errorOf(reader, row, curtain);
    if (error !== undefined) out.line(`         ${out.style("red", clean(error))}`);
  }
  const isCut = isSearch && chosen.length === most;
  const counts = { shown: chosen.length, matching: isCut ? undefined : matching.length, total: rows.length };
  // A folder above the working directory was not named on the command line.
  const where = flags.journal.startsWith("..") ? `, in ${flags.journal}` : "";
  out.line(out.style("dim", listSummary(counts, filters) + where));
}
