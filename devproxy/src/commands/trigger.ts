import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { type Command, InvalidArgumentError } from "commander";
import { parseTarget, tokenFromEnvironment } from "../config/index.js";
import { connectControl } from "../control/index.js";
import { usageError } from "../errors.js";
import { queryOf } from "../http/index.js";
import { rowOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { parseEdit, rejectionNotes } from "../replay/index.js";
import { jsonTriggerReporter, triggerReporter } from "../report/index.js";
import {
  type BuildOptions,
  contentSource,
  type Destination,
  type DuePush,
  destinationOf,
  editInEditor,
  isSuccess,
  PushBuilder,
  type PushSource,
  parseTestType,
  pushNotes,
  readPin,
  sampleSource,
  sendPushes,
  TEST_TYPES,
  TestPushSender,
  TriggerCounts,
  triggerEvent,
  VENDOR_HEADERS,
} from "../trigger/index.js";
import { addJournalFlag, addOutputFlags, collect, wholeNumber } from "./flags.js";
import { readFolder, requireJournal } from "./folder.js";
import type { Output } from "./output.js";

interface TriggerFlags {
  journal: string;
  set?: string[];
  file?: string;
  from?: string;
  edit: boolean;
  newIds: boolean;
  key?: string;
  count: number;
  rate?: number;
  seed?: number;
  to?: string;
  reveal: boolean;
  json: boolean;
}

export function addTrigger(program: Command, output: Output): void {
  const command = program
    .command("trigger")
    .description("send a test push without Airudder, to the running listen or straight to an app")
    .argument("[type]", `${TEST_TYPES.join(", ")}; or @NAME for a pinned push`)
    .option(
      "--set <path=value>",
      "set a field, such as Details[0].Status=failed; its type and its values are checked. path:=json sets any JSON value, also of an unknown field; repeatable",
      collect,
    )
    .option("--file <path>", "send the bytes of this file; - reads standard input")
    .option("--from <id>", "send a recorded push with new ids: #12 or 12, or a long id or a prefix of it")
    .option("--edit", "open the body in $VISUAL or $EDITOR before it is sent", false)
    .option("--new-ids", "give a pinned push, or the body of --file, new ids (default: only TYPE and --from)", false)
    .option(
      "--key <key>",
      "sign pushes that carry a Sign with this key (default: AIRUDDER_KEY, or the vendor's published key; @NAME and --file keep their Sign)",
    )
    .option("--count <n>", "number of pushes", wholeNumber(1), 1)
    .option("--rate <n>", "pushes per second, sent in parallel (default: one after another)", parseRate)
    .option("--seed <n>", "the same seed produces the same ids (default: random ids)", wholeNumber(0))
    .option("--to <url>", "URL of an app; nothing is recorded (default: the running listen)");
  addOutputFlags(addJournalFlag(command))
    .addHelpText("after", "\nExits with 1 if the app does not respond 200 to every push.")
    .addHelpText(
      "after",
      "\nExample:\n  airudder-devproxy trigger call.completed --set 'Details[0].Status=failed'\n  airudder-devproxy trigger --from '#12' --to http://localhost:3000/webhooks/airudder",
    )
    .action((type: string | undefined, flags: TriggerFlags) => trigger(type, flags, output));
}

function parseRate(text: string): number {
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (!(rate > 0 && rate <= 100_000)) throw new InvalidArgumentError("Give a number above 0 and at most 100000.");
  return rate;
}

async function trigger(type: string | undefined, flags: TriggerFlags, output: Output): Promise<void> {
  const options: BuildOptions = {
    set: flags.set?.map(parseEdit),
    key: flags.key,
    agreedKey: process.env.AIRUDDER_KEY || undefined,
    seed: flags.seed,
  };
  checkFlags(type, flags);
  const destination = await destinationFor(flags, output);
  const source = await sourceOf(type, flags, options, output);
  const builder = new PushBuilder(source, options);
  if (flags.edit) builder.replaceFirst(await editInEditor(source.name, builder.first.body));
  const reporter = await reporterFor(flags, output);
  for (const note of pushNotes(source, builder, options)) reporter.note(note);
  await sendAndReport(builder.pushes(flags.count, flags.rate), { destination, reporter, total: flags.count }, output);
}

/** @throws DevproxyError `usage`, for flags that exclude each other */
function checkFlags(type: string | undefined, { file, from, edit, key, newIds }: TriggerFlags): void {
  if (key === "") throw usageError("--key is empty. Leave it out to use the vendor's published key.");
  if (file !== undefined && from !== undefined) throw usageError("Use either --file or --from.");
  const isPin = type?.startsWith("@") ?? false;
  if (isPin && (file !== undefined || from !== undefined))
    throw usageError(`${type} is a pinned push. Use it without --file and --from.`);
  if (type === undefined && file === undefined && from === undefined)
    throw usageError(`Give what to send: a type (${TEST_TYPES.join(", ")}), @NAME, --file PATH or --from ID.`);
  if (edit && file === "-") throw usageError("--edit needs standard input for the editor. Use it without --file -.");
  if (newIds && file === undefined && !isPin)
    throw usageError("--new-ids is for @NAME and --file. Pushes of a type, and of --from, always have new ids.");
}

/** Where the pushes go: `--to`, else the running `listen`. @throws DevproxyError `usage` */
async function destinationFor({ journal, to }: TriggerFlags, { err }: Output): Promise<Destination> {
  const url = to === undefined ? undefined : parseTarget(to, "--to");
  const control = url === undefined ? await connectControl(journal, (line) => err.line(line)) : undefined;
  return destinationOf(control, { to: url, token: url && tokenFromEnvironment(), cause: "trigger", journal });
}

/** What the pushes are made from. @throws DevproxyError */
async function sourceOf(
  type: string | undefined,
  { journal, file, from, newIds }: TriggerFlags,
  { key, agreedKey, seed }: BuildOptions,
  output: Output,
): Promise<PushSource> {
  if (type?.startsWith("@")) {
    const { name, head, content } = await readPin(await requireJournal(journal), type.slice(1));
    return contentSource(`@${name}`, content, { query: queryOf(head.url), newIds });
  }
  const testType = type === undefined ? undefined : parseTestType(type);
  if (from !== undefined) {
    const reader = await readFolder(journal, output);
    const { push, location } = rowOf(reader.index, from);
    const content = await reader.content(location);
    return contentSource(`#${push.seq}`, content, { type: testType, query: queryOf(push.url), newIds: true });
  }
  if (file !== undefined) {
    const content = { headers: { ...VENDOR_HEADERS }, body: await readBody(file) };
    return contentSource(file === "-" ? "standard input" : file, content, { type: testType, newIds });
  }
  return sampleSource(parseTestType(type as string), { key: key ?? agreedKey, seed });
}

/** @throws DevproxyError `usage` */
async function readBody(file: string): Promise<Buffer> {
  if (file === "-") return buffer(process.stdin);
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`;
    throw usageError(`--file ${file} ${why}.`);
  });
}

type Reporter = ReturnType<typeof triggerReporter>;

async function reporterFor({ journal, reveal, json }: TriggerFlags, { out, err }: Output): Promise<Reporter> {
  const redactor = await Redactor.of(journal, reveal);
  return json ? jsonTriggerReporter(out, err, redactor) : triggerReporter(out, redactor);
}

interface SendContext {
  destination: Destination;
  reporter: Reporter;
  /** Number of pushes, if it is known. */
  total?: number;
}

/** Sends pushes, prints each result, and sets the exit code. SIGINT stops it. */
async function sendAndReport(
  pushes: Iterable<DuePush> | AsyncIterable<DuePush>,
  { destination, reporter, total }: SendContext,
  { err }: Output,
): Promise<void> {
  const { url, isRecorded } = destination;
  if (!isRecorded)
    reporter.note({
      event: "note",
      code: "not_recorded",
      message: `Sent to ${url.origin}${url.pathname}: not recorded.`,
    });
  const sender = new TestPushSender(destination);
  const counts = new TriggerCounts();
  const codes = new Set<string>();
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await sendPushes(
      pushes,
      (push) => sender.send(push, stop.signal),
      (push, result) => {
        if (result.error === "stopped") return;
        const event = triggerEvent(push, result);
        counts.add(event);
        if (event.code !== undefined) codes.add(event.code);
        if (!isSuccess(event)) process.exitCode = 1;
        reporter.sent({ event, push });
      },
      { signal: stop.signal },
    );
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    sender.close();
  }
  for (const note of rejectionNotes(codes)) reporter.note(note);
  const summary = counts.summary(stop.signal.aborted);
  reporter.summary(summary);
  if (!summary.interrupted) return;
  process.exitCode = 1;
  err.line(`interrupted: ${summary.total}${total === undefined ? "" : ` of ${total}`} pushes sent`);
}
