import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { configPath, parseInboxUrl } from "../config/index.js";
import { countQuarantined, deadRows, retryOrDrop, selectRows } from "../dead/index.js";
import { DevproxyError, usageError } from "../errors.js";
import type { JournalReader } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import {
  type DeadResult,
  type DeadRow,
  deadJson,
  deadResultJson,
  deadResultLine,
  deadTable,
  failureReason,
  pushCount,
  type Screen,
  withSeparators,
} from "../report/index.js";
import { addOutputFlags, addReadJournalFlag } from "./flags.js";
import { readFolder } from "./folder.js";
import { localJournal } from "./local-journal.js";
import type { Output } from "./output.js";

interface DeadFlags {
  journal: string;
  retry?: string[];
  drop?: string[];
  reveal: boolean;
  json: boolean;
}

const IDS = "#12, 3..7, long ids or prefixes of them, or all";

export function addDead(program: Command, output: Output): void {
  const command = program
    .command("dead")
    .description("list, retry or drop the dead pushes of an app's file inbox, even while the app runs")
    .addOption(new Option("--retry <id...>", `retry these pushes: ${IDS}`).argParser(collectId).conflicts("drop"))
    .addOption(
      new Option("--drop <id...>", `permanently drop these pushes: ${IDS}`).argParser(collectId).conflicts("retry"),
    );
  addReadJournalFlag(
    command,
    "folder of the inbox, or the URL of an inbox to list, such as postgres://HOST/DATABASE or redis://HOST",
    "./airudder-inbox",
  );
  addOutputFlags(command)
    .addHelpText("after", "\nExits with 1 if a push could not be retried or dropped.")
    .addHelpText("after", "\nExample:\n  airudder-devproxy dead --retry all --journal ./airudder-inbox")
    .action((flags: DeadFlags) => dead(flags, output));
}

/** Rejects a flag after `--retry`, which commander would read as an id. */
function collectId(text: string, found: string[] = []): string[] {
  if (text.startsWith("-")) throw new InvalidArgumentError(`"${text}" is not an id.`);
  return [...found, text];
}

async function dead(flags: DeadFlags, output: Output): Promise<void> {
  const ids = flags.retry ?? flags.drop;
  if (ids !== undefined) checkWritable(flags.journal);
  const { reader, shown } = await readInbox(flags.journal, output);
  const redactor = await Redactor.of(reader.dir, flags.reveal);
  if (ids === undefined) await list(reader, shown, redactor, flags.json, output.out);
  else
    await changePushes(
      flags.retry === undefined ? "drop" : "retry",
      ids,
      { reader, redactor, json: flags.json },
      output,
    );
}

/** @throws DevproxyError `usage`, if the inbox is in a database */
function checkWritable(journal: string): void {
  const inbox = parseInboxUrl(journal);
  if (inbox === undefined) return;
  const advice = "Call receiver.retry(id) or receiver.drop(id) in a process of the app.";
  throw usageError(`dead only lists the pushes of ${inbox.shown}: it changes nothing in a database. ${advice}`);
}

/**
 * Opens the inbox of an app.
 * @throws DevproxyError `no_journal`, `not_an_inbox`
 */
async function readInbox(journal: string, output: Output): Promise<{ reader: JournalReader; shown: string }> {
  const { folder, shown, isCopy } = await localJournal(journal, { deadOnly: true }, output);
  const dir = resolve(folder);
  if (isCopy) return { reader: await readFolder(dir, output), shown };
  const advice = "Use --journal with the folder of the app's fileInbox().";
  if (!(await exists(dir))) throw new DevproxyError("no_journal", `The inbox ${dir} does not exist. ${advice}`, 3);
  const reader = await readFolder(dir, output);
  const { rows } = reader.index;
  const isInbox =
    rows.length === 0 ? !(await exists(configPath(dir))) : rows.some(({ push }) => push.source === "inbox");
  if (isInbox) return { reader, shown: dir };
  const what = `The folder ${dir} is the journal of listen, not an inbox: it has no dead pushes.`;
  throw new DevproxyError("not_an_inbox", `${what} ${advice} To send recorded pushes again, use replay.`);
}

async function list(
  reader: JournalReader,
  shown: string,
  redactor: Redactor,
  json: boolean,
  out: Screen,
): Promise<void> {
  const { index } = reader;
  const rows: DeadRow[] = [];
  for (const row of deadRows(index)) rows.push({ row, error: await failureReason(reader, row, redactor) });
  const quarantined = countQuarantined(index);
  if (json) {
    for (const row of rows) out.json(deadJson(row, redactor));
    out.json({ event: "summary", dead: rows.length, quarantined });
    return;
  }
  const table = deadTable(out, rows, redactor);
  if (rows.length > 0) out.line(table.header);
  for (const row of rows) out.line(table.line(row));
  const counts = `${withSeparators(rows.length)} dead, ${withSeparators(quarantined)} quarantined, in ${shown}`;
  out.line(out.style("dim", counts));
}

interface DeadContext {
  reader: JournalReader;
  redactor: Redactor;
  json: boolean;
}

async function changePushes(
  action: "retry" | "drop",
  ids: readonly string[],
  { reader: { dir, index }, redactor, json }: DeadContext,
  { out }: Output,
): Promise<void> {
  const { retryable, others, unknown } = selectRows(index, ids);
  const results: DeadResult[] = [
    ...unknown.map((id) => ({ id, result: "not_found" as const })),
    ...others.map((row) => ({ id: row.push.id, row, result: "not_dead" as const })),
  ];
  let by: "command" | "app" | undefined;
  if (retryable.length > 0) {
    const stop = new AbortController();
    const interrupt = () => stop.abort();
    process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
    const request = { action, ids: retryable.map(({ push }) => push.id) };
    const changed = await retryOrDrop(dir, request, stop.signal).finally(() => {
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    });
    by = changed.by;
    results.push(...changed.results.map((result) => ({ ...result, row: index.byId(result.id) })));
  }
  for (const result of results) {
    if (json) out.json(deadResultJson(result, redactor));
    else out.line(deadResultLine(out, result, redactor));
  }
  const done = results.filter(({ result }) => result === "retried" || result === "dropped").length;
  if (done < results.length) process.exitCode = 1;
  if (!json) out.line(out.style("dim", `${pushCount(done)} ${summary(action, by, done)}`));
}

function summary(action: "retry" | "drop", by: "command" | "app" | undefined, count: number): string {
  if (action === "drop") return "dropped";
  const pronoun = count === 1 ? "it" : "them";
  if (by === "command") return `retried: no app is running, so the app handles ${pronoun} at its next start`;
  return by === "app" ? `retried: the running app handles ${pronoun} now` : "retried";
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}
