import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Damage } from "airudder-webhooks/journal";
import type { Command } from "commander";
import { readConfig, readOrCreateConfig } from "../config/index.js";
import { usageError } from "../errors.js";
import { isFromInbox, openSnapshot, Store } from "../journal/index.js";
import { Progress, pushCount, withSeparators } from "../report/index.js";
import { type ImportSummary, importPushes, itemsAt, LeftOut, Tally } from "../transfer/index.js";
import { addJournalFlag } from "./flags.js";
import { reportDamage, requireJournal } from "./folder.js";
import type { Output } from "./output.js";

interface ImportFlags {
  journal: string;
}

export function addImport(program: Command, output: Output): void {
  addJournalFlag(program.command("import"))
    .description("import pushes into the journal, byte for byte: from a HAR file, an export, or another journal")
    .argument(
      "<path>",
      "a HAR file, a file of export --as ndjson, the folder of a journal or inbox, or the JSON body of one push; - for standard input",
    )
    .addHelpText(
      "after",
      `
Examples:
  airudder-devproxy import pushes.ndjson
  airudder-devproxy import ./airudder-inbox --journal .airudder`,
    )
    .action((path: string, flags: ImportFlags) => importInto(path, flags, output));
}

async function importInto(path: string, flags: ImportFlags, output: Output): Promise<void> {
  const leftOut = new LeftOut();
  const items = itemsAt(path, leftOut);
  try {
    await importItems(items, leftOut, flags, output);
  } finally {
    await items.return(undefined);
  }
}

async function importItems(
  items: ReturnType<typeof itemsAt>,
  leftOut: LeftOut,
  flags: ImportFlags,
  { out, err }: Output,
): Promise<void> {
  const dir = resolve(flags.journal);
  // Reads the first push before the journal is created, so that a wrong path changes nothing.
  const first = await items.next();
  if (!(await isMissingOrEmpty(dir))) await rejectInbox(await requireJournal(flags.journal));
  const damage: Damage[] = [];
  const store = await Store.open(dir, { onDamage: (one) => damage.push(one) });
  const progress = new Progress(err);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const changes = new Tally();
  let summary: ImportSummary;
  try {
    reportDamage(damage, store, err);
    await readOrCreateConfig(dir);
    const all = async function* () {
      if (!first.done) yield first.value;
      yield* items;
    };
    summary = await importPushes(all(), store, {
      key: process.env.AIRUDDER_KEY || undefined,
      leftOut,
      changes,
      onProgress: (count) => progress.show(count),
      signal: stop.signal,
    });
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    progress.clear();
    await store.close();
    for (const line of [...leftOut.lines(), ...changes.lines()]) err.line(line);
  }
  if (summary.redacted > 0) {
    const were = summary.redacted === 1 ? "was" : "were";
    err.line(`${pushCount(summary.redacted)} ${were} exported redacted: a replay sends placeholders.`);
  }
  out.line(summaryLine(summary, flags.journal));
  if (stop.signal.aborted) {
    err.line("interrupted: the import is incomplete. Run it again to complete it.");
    process.exitCode = 1;
  }
}

function summaryLine({ imported, alreadyRecorded, completed, seqs }: ImportSummary, journal: string): string {
  const numbers =
    seqs === undefined ? "" : seqs.first === seqs.last ? `: #${seqs.first}` : `: #${seqs.first} to #${seqs.last}`;
  const skipped = alreadyRecorded === 0 ? "" : `; ${withSeparators(alreadyRecorded)} skipped, already in the journal`;
  const added = completed === 0 ? "" : `; ${withSeparators(completed)} of their missing deliveries and marks added`;
  return `imported ${pushCount(imported)} into ${journal}${numbers}${skipped}${added}`;
}

/** @throws DevproxyError `usage`, if the folder is the inbox of an app */
async function rejectInbox(dir: string): Promise<void> {
  if ((await readConfig(dir)) !== undefined || !(await openSnapshot(dir)).index.rows.some(isFromInbox)) return;
  throw usageError(
    `The folder ${dir} is the inbox of an app, which would handle the imported pushes. Use --journal with the journal of listen.`,
  );
}

async function isMissingOrEmpty(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
