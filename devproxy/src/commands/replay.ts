import type { Damage } from "airudder-webhooks/journal";
import { type Command, InvalidArgumentError } from "commander";
import { connectControl } from "../client/index.js";
import { configuredTarget, tokenFromEnvironment } from "../config/index.js";
import { type Filters, Store, unlessDropped } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import {
  checkSelection,
  editableRows,
  editPush,
  hasEdits,
  parseRequest,
  type ReplayEvent,
  type ReplayRequest,
  replay,
  requestedRows,
  SkippedPushes,
} from "../replay/index.js";
import {
  differenceLines,
  droppedLine,
  editDifferences,
  jsonReplayReporter,
  pushCount,
  replayReporter,
  rowJson,
  rowTable,
} from "../report/index.js";
import { addFilterFlags, addOutputFlags, addReadJournalFlag, collect, filtersOf, wholeNumber } from "./flags.js";
import { readFolder, reportDamage, requireJournal } from "./folder.js";
import { localJournal } from "./local-journal.js";
import type { MessageOutput, Output } from "./output.js";

interface ReplayFlags extends Filters {
  journal: string;
  last?: number;
  to?: string;
  speed: number | "max";
  concurrency?: number;
  set?: string[];
  key?: string;
  expect?: string;
  wait?: string;
  allowEmpty: boolean;
  dryRun: boolean;
  reveal: boolean;
  json: boolean;
}

export function addReplay(program: Command, output: Output): void {
  const command = program
    .command("replay")
    .description("send recorded pushes to the app again, and compare each result with the previous one")
    .argument("[id...]", "#12 or 12, a long id or a prefix of it, or a range 3..7")
    .option("--last <n>", "only the newest n matching pushes", wholeNumber(1))
    .option(
      "--to <url>",
      "URL of the app (default: the target of the running listen, of the configuration, or of the last live push)",
    )
    .option(
      "--speed <factor>",
      "send with the original delays divided by this factor; max: no delays",
      parseSpeed,
      "max",
    )
    .option(
      "--concurrency <n>",
      "maximum number of parallel requests; pushes of one subject stay sequential (default: 1; 16 with --speed N)",
      wholeNumber(1),
    )
    .option(
      "--set <path=value>",
      "set a field before sending, such as Details[0].Status=failed, or path:=json for a JSON value; adds a missing field; repeatable",
      collect,
    )
    .option("--key <key>", "if a push carries a Sign, replace it with one made with this key")
    .option(
      "--expect <statuses>",
      "expected HTTP statuses, such as 2xx or 200,404; exit with 1 if a response has another status, a push is not handled, or no push matches",
    )
    .option(
      "--wait <time>",
      "maximum time to wait until the app accepts connections, such as 30s or 2m (default: do not wait)",
    )
    .option("--allow-empty", "with --expect, exit with 0 if no push matches", false)
    .option("--dry-run", "list the pushes that would be sent, and send nothing", false);
  addOutputFlags(addFilterFlags(addReadJournalFlag(command)))
    .addHelpText("after", "\nExample:\n  airudder-devproxy replay --status failed --since 1h --expect 2xx")
    .action((ids: string[], flags: ReplayFlags) => run(ids, flags, output));
}

function parseSpeed(text: string): number | "max" {
  if (text === "max") return "max";
  const speed = /^\d+(\.\d+)?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (!(speed > 0)) throw new InvalidArgumentError("Give a factor such as 1 or 10, or max.");
  return speed;
}

async function run(ids: string[], flags: ReplayFlags, output: Output): Promise<void> {
  const { out, err } = output;
  const { last, to, speed, concurrency, set, key, expect, wait, reveal } = flags;
  const agreedKey = process.env.AIRUDDER_KEY || undefined;
  const filters = filtersOf(flags);
  const request = { ids, filters, last, to, speed, concurrency, set, key, agreedKey, expect, wait, reveal };
  parseRequest(request);
  checkSelection(request);
  const { folder } = await localJournal(flags.journal, request, output);
  if (flags.dryRun) return dryRun(request, folder, flags, output);
  const dir = await requireJournal(folder);
  const redactor = await Redactor.of(dir, flags.reveal);
  const report = flags.json ? jsonReplayReporter(out, err, redactor) : replayReporter(out, err, redactor);
  let total: number | undefined;
  let sent = 0;
  let stopped = 0;
  let dropped = 0;
  const onEvent = (event: ReplayEvent) => {
    if (event.event === "replay") total = event.total;
    else if (event.event === "verdict") sent++;
    else if (event.event === "summary") {
      stopped = event.stopped ?? 0;
      dropped = event.dropped ?? 0;
      if (event.unexpected > 0) process.exitCode = 1;
      else if (event.unrecorded !== undefined) process.exitCode = 3;
    }
    report(event);
  };
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await replayPushes(dir, request, onEvent, stop.signal, err);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  if (dropped > 0) err.line(droppedLine(dropped));
  if (stop.signal.aborted && sent !== total) {
    const more = stopped === 0 ? "" : `; ${stopped} more stopped before the app responded`;
    err.line(`interrupted: ${sent} of ${pushCount(total ?? 0)} sent${more}`);
    process.exitCode = 1;
  } else if (total === 0) {
    const isFailure = expect !== undefined && !flags.allowEmpty;
    const advice = isFailure ? ", so --expect has checked nothing. To accept that, add --allow-empty" : "";
    err.line(`No recorded push matches: nothing was sent${advice}.`);
    if (isFailure) process.exitCode = 1;
  } else if (sent === 0 && expect !== undefined) {
    err.line("No push was sent, so --expect has checked nothing.");
    process.exitCode = 1;
  }
}

/**
 * Replays through the running `listen`, or in this process if none runs.
 * @param signal stops the replay
 * @throws DevproxyError, JournalError `journal_locked`
 */
export async function replayPushes(
  dir: string,
  request: ReplayRequest,
  onEvent: (event: ReplayEvent) => void,
  signal: AbortSignal,
  err: MessageOutput["err"],
): Promise<void> {
  const control = await connectControl(dir, (line) => err.line(line));
  if (control === undefined) await replayInThisProcess(dir, request, onEvent, signal, err);
  else await control.replay(request, onEvent, signal);
}

/** Replays without a running `listen`. This process locks the journal until the replay ends. */
async function replayInThisProcess(
  dir: string,
  request: ReplayRequest,
  onEvent: (event: ReplayEvent) => void,
  signal: AbortSignal,
  err: MessageOutput["err"],
): Promise<void> {
  // Imported here, because the other commands do not send pushes.
  const { Deliverer, Forwarder } = await import("../delivery/index.js");
  const damage: Damage[] = [];
  const store = await Store.open(dir, { onDamage: (one) => damage.push(one) });
  const forwarder = new Forwarder(tokenFromEnvironment());
  const listener = (event: { event: string }) => event.event === "note" && onEvent(event as ReplayEvent);
  try {
    reportDamage(damage, store, err);
    // The listener reports only notes. They contain no personal data, so --reveal does not matter.
    const deliverer = new Deliverer(store, forwarder, listener, await Redactor.of(dir, false));
    await replay(request, { store, deliverer, target: configuredTarget(), onEvent, signal });
  } finally {
    forwarder.close();
    await store.close();
  }
}

async function dryRun(
  request: ReplayRequest,
  folder: string,
  flags: Pick<ReplayFlags, "reveal" | "json">,
  output: Output,
): Promise<void> {
  const { out, err } = output;
  const { edits } = parseRequest(request);
  const reader = await readFolder(folder, output);
  const selected = await requestedRows(reader, request);
  const redactor = await Redactor.of(reader.dir, flags.reveal);
  const report = flags.json ? jsonReplayReporter(out, err, redactor) : replayReporter(out, err, redactor);
  const skipped = new SkippedPushes(report);
  const rows = await editableRows(reader, selected, edits, skipped, report);
  skipped.report();
  const table = rowTable(out, rows, redactor);
  if (!flags.json && rows.length > 0) out.line(table.header);
  let sent = 0;
  for (const row of rows) {
    const content = hasEdits(edits) ? await unlessDropped(reader.content(row.location)) : undefined;
    if (hasEdits(edits) && content === undefined) continue;
    await out.drained();
    sent++;
    const changes = content && editDifferences(content, editPush(row, content, edits), redactor);
    if (flags.json) out.json({ ...(await rowJson(reader, row, redactor)), ...(changes && { edits: changes }) });
    else for (const line of [table.line(row), ...differenceLines(out, changes ?? [])]) out.line(line);
  }
  if (sent < rows.length) err.line(droppedLine(rows.length - sent));
  if (!flags.json) out.line(out.style("dim", `${pushCount(sent)} would be sent`));
}
