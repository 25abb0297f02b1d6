import { type Damage, describeDamage } from "airudder-webhooks/journal";
import { type Command, InvalidArgumentError } from "commander";
import { configuredTarget, tokenOfEnvironment } from "../config/index.js";
import { connectControl } from "../control/index.js";
import { DevproxyError } from "../errors.js";
import { type Filters, Store, unlessDropped } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import {
  editableRows,
  edited,
  hasEdits,
  planOf,
  type ReplayEvent,
  type ReplayRequest,
  replay,
  Skipped,
  select,
} from "../replay/index.js";
import {
  droppedLine,
  editLines,
  editsOf,
  jsonReplayReporter,
  pushes,
  replayReporter,
  rowJson,
  rowTable,
  type Screen,
} from "../report/index.js";
import { type Context, existingFolder, readFolder } from "./context.js";
import { addFilterFlags, addJournalFlag, addOutputFlags, collect, filtersOf, wholeNumber } from "./flags.js";

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

export function addReplay(program: Command, context: Context): void {
  const command = program
    .command("replay")
    .description("send recorded pushes to the app again, and compare each result with the one before")
    .argument("[id...]", "#12 or 12, an id or its beginning, or a range 3..7")
    .option("--last <n>", "only the newest n of the pushes that match", wholeNumber(1))
    .option(
      "--to <url>",
      "URL of the app (default: the target of listen or of the configuration, otherwise the last one used)",
    )
    .option("--speed <factor>", "original timing, divided by this factor; max sends without delays", parseSpeed, "max")
    .option(
      "--concurrency <n>",
      "maximum number of parallel requests; pushes of one subject stay sequential (default: 1, with --speed N 16)",
      wholeNumber(1),
    )
    .option(
      "--set <path=value>",
      "set a field before sending, such as Details[0].Status=failed, or path:=json for a JSON value; adds the field if it is missing; may be repeated",
      collect,
    )
    .option("--key <key>", "sign each push that carries a Sign again with this key")
    .option(
      "--expect <statuses>",
      "exit with 1 unless a handler succeeded for every push and every status is one of these: 2xx, or 200,404; also if no push matches",
    )
    .option(
      "--wait <time>",
      "maximum time to wait until the app accepts connections, such as 30s or 2m (default: send at once)",
    )
    .option("--allow-empty", "with --expect, exit with 0 if no push matches", false)
    .option("--dry-run", "list what would be sent, and send nothing", false);
  addOutputFlags(addFilterFlags(addJournalFlag(command)))
    .addHelpText("after", "\nExample:\n  airudder-devproxy replay --status failed --since 1h --expect 2xx")
    .action((ids: string[], flags: ReplayFlags) => run(ids, flags, context));
}

function parseSpeed(text: string): number | "max" {
  if (text === "max") return "max";
  const speed = /^\d+(\.\d+)?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (!(speed > 0)) throw new InvalidArgumentError("Give a factor such as 1 or 10, or max.");
  return speed;
}

async function run(ids: string[], flags: ReplayFlags, context: Context): Promise<void> {
  const { out, err } = context;
  const { last, to, speed, concurrency, set, key, expect, wait, reveal } = flags;
  const agreedKey = process.env.AIRUDDER_KEY || undefined;
  const request: ReplayRequest = JSON.parse(
    JSON.stringify({
      ids,
      filters: filtersOf(flags),
      last,
      to,
      speed,
      concurrency,
      set,
      key,
      agreedKey,
      expect,
      wait,
      reveal,
    }),
  );
  planOf(request);
  if (flags.dryRun) return dryRun(request, flags, context);
  const dir = await existingFolder(flags.journal);
  const redactor = await Redactor.of(dir, flags.reveal);
  const report = flags.json ? jsonReplayReporter(out, err, redactor) : replayReporter(out, redactor);
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
    const listening = await connectControl(dir, (line) => err.line(line));
    if (listening === undefined) await replayHere(dir, request, onEvent, stop.signal, err);
    else await listening.replay(request, onEvent, stop.signal);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  if (dropped > 0) err.line(droppedLine(dropped));
  if (stop.signal.aborted && sent !== total) {
    const more = stopped === 0 ? "" : `, and ${stopped} more stopped before the app responded`;
    err.line(`interrupted: ${sent} of ${pushes(total ?? 0)} sent${more}`);
    process.exitCode = 1;
  } else if (total === 0) {
    const isFailure = expect !== undefined && !flags.allowEmpty;
    const unchecked = isFailure ? ", so --expect has checked nothing. To accept that, add --allow-empty" : "";
    err.line(`No recorded push matches: nothing was sent${unchecked}.`);
    if (isFailure) process.exitCode = 1;
  } else if (sent === 0 && expect !== undefined) {
    err.line("No push was sent, so --expect has checked nothing.");
    process.exitCode = 1;
  }
}

/** No `listen` runs: this process writes to the journal until the replay ends. */
async function replayHere(
  dir: string,
  request: ReplayRequest,
  onEvent: (event: ReplayEvent) => void,
  signal: AbortSignal,
  err: Screen,
): Promise<void> {
  // Loaded here, since the other commands have no use for a proxy.
  const { Deliverer, Forwarder } = await import("../delivery/index.js");
  const damage: Damage[] = [];
  const store = await Store.open(dir, { onDamage: (one) => damage.push(one) });
  const forwarder = new Forwarder(tokenOfEnvironment());
  const listener = (event: { event: string }) => event.event === "note" && onEvent(event as ReplayEvent);
  try {
    const lines = describeDamage(damage);
    if (lines.length > 0 && store.index.rows.length === 0) {
      const message = `No push of the journal ${dir} can be read: ${lines.join(" ")}`;
      throw new DevproxyError("journal_damaged", message, 3);
    }
    for (const line of lines) err.line(line);
    // Its listener receives only notes, which contain no personal data.
    const deliverer = new Deliverer(store, forwarder, listener, await Redactor.of(dir, false));
    await replay(request, { store, deliverer, target: configuredTarget(), onEvent, signal });
  } finally {
    forwarder.close();
    await store.close();
  }
}

async function dryRun(request: ReplayRequest, flags: ReplayFlags, context: Context): Promise<void> {
  const { out, err } = context;
  const { edits } = planOf(request);
  const reader = await readFolder(flags.journal, context);
  const selected = await select(reader, request);
  const redactor = await Redactor.of(reader.dir, flags.reveal);
  const report = flags.json ? jsonReplayReporter(out, err, redactor) : replayReporter(out, redactor);
  const skipped = new Skipped(report);
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
    const changes = content && editsOf(content, edited(row, content, edits), redactor);
    if (flags.json) out.json({ ...(await rowJson(reader, row, redactor)), ...(changes && { edits: changes }) });
    else for (const line of [table.line(row), ...editLines(out, changes ?? [])]) out.line(line);
  }
  if (sent < rows.length) err.line(droppedLine(rows.length - sent));
  if (!flags.json) out.line(out.style("dim", `${pushes(sent)} would be sent`));
}
