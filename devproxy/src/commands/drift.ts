import type { Command } from "commander";
import {
  DriftSummaryBuilder,
  driftEvents,
  driftLinesWithoutPatches,
  leftOutLines,
  publishedSchemas,
  pushesOfRows,
} from "../drift/index.js";
import { type Filters, filterRows } from "../journal/index.js";
import { droppedLine, Progress } from "../report/index.js";
import { addFilterFlags, addReadJournalFlag, filtersOf } from "./flags.js";
import { readFolder } from "./folder.js";
import { localJournal } from "./local-journal.js";
import type { Output } from "./output.js";

interface DriftFlags extends Filters {
  journal: string;
  reveal: boolean;
  json: boolean;
}

export function addDrift(program: Command, output: Output): void {
  const command = program
    .command("drift")
    .description("summarize where recorded pushes differ from their schemas")
    .option("--reveal", "show unknown values and names, which are redacted by default", false)
    .option("--json", "print one JSON object per line, including the schema patches", false);
  addFilterFlags(addReadJournalFlag(command))
    .addHelpText("after", "\nExample:\n  airudder-devproxy drift --type call.completed --since 7d")
    .action((flags: DriftFlags) => drift(flags, output));
}

async function drift(flags: DriftFlags, output: Output): Promise<void> {
  const { out, err } = output;
  const filters = filtersOf(flags);
  const { folder } = await localJournal(flags.journal, { filters }, output);
  const reader = await readFolder(folder, output);
  const rows = await filterRows(reader, reader.index.rows, filters);
  const progress = new Progress(err, rows.length);
  const builder = new DriftSummaryBuilder({ schemas: publishedSchemas(), reveal: flags.reveal, skipQuarantined: true });
  for await (const pushes of pushesOfRows(reader, rows, (count) => progress.show(count))) {
    for (const push of pushes) builder.add(push);
  }
  progress.clear();
  const summary = builder.build();
  if (reader.dropped > 0) err.line(droppedLine(reader.dropped));
  if (flags.json) {
    for (const event of driftEvents(summary)) out.json(event);
    for (const line of leftOutLines(summary)) err.line(line);
  } else for (const line of driftLinesWithoutPatches(summary, (style, text) => out.style(style, text))) out.line(line);
}
