import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type CampaignOptions,
  campaignSummary,
  DEFAULT_SEED,
  isCampaignFile,
  parseCampaignFile,
  parseMix,
} from "../campaign/index.js";
import { connectControl } from "../client/index.js";
import { parseTarget, tokenFromEnvironment } from "../config/index.js";
import { usageError } from "../errors.js";
import type { NoteEvent } from "../events.js";
import { queryOf } from "../http/index.js";
import { rowOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { parseEdit, rejectionNotes, type Scheduled, sendScheduled, signedBy } from "../replay/index.js";
import {
  campaignLines,
  campaignReporter,
  jsonTriggerReporter,
  type TriggerReporter,
  triggerReporter,
} from "../report/index.js";
import {
  type BuildOptions,
  contentSource,
  type Destination,
  destinationOf,
  editInEditor,
  isSuccess,
  PushBuilder,
  type PushSource,
  parseTestType,
  pinNames,
  pushNotes,
  readPin,
  requireEditor,
  type SendResult,
  sampleSource,
  scheduleCampaign,
  TEST_TYPES,
  type TestPush,
  TestPushSender,
  type TestType,
  TriggerCounts,
  triggerEvent,
  VENDOR_HEADERS,
  VendorSender,
  type VendorSendResult,
} from "../trigger/index.js";
import {
  ACCEPTS,
  type Accepts,
  DELIVERIES,
  type ReadingOptions,
  TIME_LIMIT_MS,
  vendorReading,
} from "../vendor/index.js";
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
  count?: number;
  rate?: number;
  seed?: number;
  contacts?: number;
  mix?: string;
  asVendor: boolean;
  deliveries?: string;
  accepts?: Accepts;
  timeScale?: number;
  to?: string;
  reveal: boolean;
  json: boolean;
}

/** With a smaller number, Airudder's times exceed the maximum delay of a timer. */
const MIN_TIME_SCALE = 0.01;
const MAX_TIME_SCALE = 100_000;
/** Maximum number of parallel requests of a campaign, and of pushes with `--rate`. */
const MAX_PARALLEL = 64;
/** Without `--rate`, maximum number of pushes of `--as-vendor` that are being sent or wait for a retry. */
const MAX_RETRYING = 1_000;

export function addTrigger(program: Command, output: Output): void {
  const command = program
    .command("trigger")
    .description("send a test push or a whole campaign, without Airudder, to the running listen or directly to an app")
    .argument("[type]", `${TEST_TYPES.join(", ")}; @NAME for a pinned push; or campaign`)
    .option(
      "--set <path=value>",
      "set a field, such as Details[0].Status=failed, and check its type and value. path:=json sets any JSON value, also of an unknown field; repeatable",
      collect,
    )
    .option("--file <path>", "send the bytes of this file, or the campaign that it describes; - reads standard input")
    .option("--from <id>", "send a recorded push with new ids: #12 or 12, or a long id or a prefix of it")
    .option("--edit", "open the body in $VISUAL or $EDITOR before it is sent", false)
    .option("--new-ids", "give a pinned push, or the body of --file, new ids; TYPE and --from always get them", false)
    .option(
      "--key <key>",
      "sign pushes that carry a Sign with this key (default: AIRUDDER_KEY, or the vendor's published key; @NAME and --file keep their Sign)",
    )
    .option("--count <n>", "number of pushes (default: 1)", wholeNumber(1))
    .option("--contacts <n>", "campaign: number of contacts (default: 100)", wholeNumber(1))
    .option(
      "--mix <weights>",
      "campaign: outcomes of the calls (default: answered=40,no-answer=35,busy=15,switched-off=10)",
    )
    .option(
      "--rate <n>",
      "pushes per second, sent in parallel (default: one after another; a campaign as fast as the app responds)",
      parsePositive(100_000),
    )
    .option(
      "--seed <n>",
      "the same seed produces the same ids, and the same campaign (default: random ids; campaign: 1)",
      wholeNumber(0),
    )
    .option(
      "--as-vendor",
      "send as Airudder does: a time limit of 10 s, and a retry one minute after each failure",
      false,
    )
    .addOption(
      new Option(
        "--deliveries <n>",
        "with --as-vendor: maximum number of attempts (default: as documented for the type)",
      ).choices(DELIVERIES),
    )
    .addOption(
      new Option(
        "--accepts <statuses>",
        "with --as-vendor: the statuses that count as received (default: 200)",
      ).choices(ACCEPTS),
    )
    .option(
      "--time-scale <n>",
      "with --as-vendor: divide Airudder's times by this number; 60 turns minutes into seconds. Through listen, the time limit stays 10 s (default: 1)",
      parseTimeScale,
    )
    .option("--to <url>", "URL of an app; nothing is recorded (default: the running listen)");
  addOutputFlags(addJournalFlag(command))
    .addHelpText(
      "after",
      "\nExits with 1 unless the app responds 200 to every push. With --as-vendor, every push must count as received.",
    )
    .addHelpText(
      "after",
      `
Examples:
  airudder-devproxy trigger call.completed --set 'Details[0].Status=failed'
  airudder-devproxy trigger --from '#12' --to http://localhost:3000/webhooks/airudder
  airudder-devproxy trigger campaign --contacts 500 --rate 20 --seed 7
  airudder-devproxy trigger call.completed --as-vendor --time-scale 60`,
    )
    .action((type: string | undefined, flags: TriggerFlags) => trigger(type, flags, output));
}

function parsePositive(max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
    if (!(value > 0 && value <= max)) throw new InvalidArgumentError(`Give a number above 0 and at most ${max}.`);
    return value;
  };
}

function parseTimeScale(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (value >= MIN_TIME_SCALE && value <= MAX_TIME_SCALE) return value;
  throw new InvalidArgumentError(`Give a number from ${MIN_TIME_SCALE} to ${MAX_TIME_SCALE}.`);
}

/** What a command sends. */
interface Plan {
  schedule: Iterable<Scheduled<TestPush>>;
  total: number;
  /** The types of the pushes. */
  types: string[];
  /** Called when the destination is known: opens the editor, or prints what a campaign consists of. */
  prepare(): Promise<void> | void;
  /** Notes about the pushes. Called after `prepare`. */
  notes(): NoteEvent[];
  /** The seed, if the same command sends equal pushes. */
  seed: number | undefined;
  /** Whether it is a campaign, which prints its progress instead of each push. */
  isCampaign: boolean;
}

async function trigger(type: string | undefined, flags: TriggerFlags, output: Output): Promise<void> {
  checkFlags(type, flags);
  const plan = type === "campaign" ? await planCampaign(flags, output) : await planPushes(type, flags, output);
  const destination = await destinationFor(flags, output);
  await plan.prepare();
  const redactor = await Redactor.of(flags.journal, flags.reveal);
  const reporter = reporterFor(plan, flags, output, redactor);
  for (const note of plan.notes()) reporter.note(note);
  if (!destination.isRecorded) {
    const { origin, pathname } = destination.url;
    const message = `Sending to ${redactor.url(`${origin}${pathname}`)}: nothing is recorded.`;
    reporter.note({ event: "note", code: "not_recorded", message });
  }
  await sendAndReport(plan, flags, destination, reporter, output);
}

const CAMPAIGN_FLAGS = ["contacts", "mix"] as const;
const PUSH_FLAGS = ["set", "from", "count"] as const;
const VENDOR_FLAGS = ["deliveries", "accepts", "timeScale"] as const;

/** @throws DevproxyError `usage`, for flags that exclude each other */
function checkFlags(type: string | undefined, flags: TriggerFlags): void {
  const { file, from, edit, key, newIds, asVendor } = flags;
  if (key === "") throw usageError("--key is empty. Leave it out to use the vendor's published key.");
  const vendorFlag = asVendor ? undefined : VENDOR_FLAGS.find((name) => flags[name] !== undefined);
  if (vendorFlag !== undefined) throw usageError(`${flagOf(vendorFlag)} is for --as-vendor. Add --as-vendor.`);
  if (type === "campaign") {
    const wrong =
      PUSH_FLAGS.find((name) => flags[name] !== undefined) ?? (edit ? "edit" : newIds ? "newIds" : undefined);
    if (wrong !== undefined) throw usageError(`${flagOf(wrong)} is not for a campaign. Use it with a TYPE.`);
    return;
  }
  const campaignFlag = CAMPAIGN_FLAGS.find((name) => flags[name] !== undefined);
  if (campaignFlag !== undefined)
    throw usageError(`${flagOf(campaignFlag)} is for a campaign: airudder-devproxy trigger campaign ...`);
  if (file !== undefined && from !== undefined) throw usageError("Use either --file or --from.");
  const isPin = type?.startsWith("@") ?? false;
  if (isPin && (file !== undefined || from !== undefined))
    throw usageError(`${type} is a pinned push. Use it without --file and --from.`);
  if (type === undefined && file === undefined && from === undefined)
    throw usageError(
      `Give what to send: a type (${TEST_TYPES.join(", ")}), campaign, @NAME, --file PATH or --from ID.`,
    );
  if (edit && file === "-") throw usageError("--edit needs standard input for the editor. Use it without --file -.");
  if (edit) requireEditor({ hasTerminal: Boolean(process.stdin.isTTY && process.stdout.isTTY) });
  if (newIds && file === undefined && !isPin)
    throw usageError("--new-ids is for @NAME and --file. Pushes of a type, and of --from, always have new ids.");
}

/** The flag of an option, such as `--time-scale` of `timeScale`. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

async function planPushes(type: string | undefined, flags: TriggerFlags, output: Output): Promise<Plan> {
  const options: BuildOptions = {
    set: flags.set?.map(parseEdit),
    key: flags.key,
    agreedKey: process.env.AIRUDDER_KEY || undefined,
    seed: flags.seed,
  };
  const source = await sourceOf(type, flags, options, output);
  const builder = new PushBuilder(source, options);
  const total = flags.count ?? 1;
  return {
    schedule: builder.pushes(total, flags.rate),
    total,
    types: [source.type],
    prepare: async () => {
      if (flags.edit) builder.replaceFirst(await editInEditor(source.name, builder.first.body));
    },
    notes: () => pushNotes(source, builder, options),
    seed: flags.seed,
    isCampaign: false,
  };
}

async function planCampaign(flags: TriggerFlags, { out }: Output): Promise<Plan> {
  const { file, contacts, mix, seed, key, json } = flags;
  const fromFile = file === undefined ? {} : parseCampaignFile((await readBody(file)).toString(), file);
  const options: CampaignOptions = {
    ...fromFile,
    ...(contacts === undefined ? {} : { contacts }),
    ...(mix === undefined ? {} : { mix: parseMix(mix) }),
    ...(seed === undefined ? {} : { seed }),
    key: key ?? (process.env.AIRUDDER_KEY || undefined),
  };
  const summary = campaignSummary(options);
  return {
    schedule: scheduleCampaign(options, flags.rate),
    total: summary.pushes,
    types: Object.keys(summary.pushesByType),
    prepare: () => {
      if (json) out.json({ event: "campaign", ...summary });
      else for (const line of campaignLines(summary)) out.line(line);
    },
    notes: () => [],
    seed: options.seed ?? DEFAULT_SEED,
    isCampaign: true,
  };
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
    const dir = await requireJournal(journal);
    const { name, head, content } = await readPin(dir, type.slice(1));
    const shown = (await Redactor.of(dir, false)).text(name);
    return contentSource(`@${shown}`, content, { query: queryOf(head.url), newIds });
  }
  const pins = type === undefined || TEST_TYPES.includes(type) ? [] : await pinNames(resolve(journal)).catch(() => []);
  const testType = type === undefined ? undefined : parseTestType(type, pins);
  if (from !== undefined) {
    const reader = await readFolder(journal, output);
    const { push, location } = rowOf(reader.index, from);
    const content = await reader.content(location);
    const options = { query: queryOf(push.url), newIds: true };
    const source = contentSource(`#${push.seq}`, content, options);
    if (testType === undefined || source.type === testType.type) return source;
    // Only the user can know the type of a push that is not identified.
    if (source.schema === undefined) return contentSource(source.name, content, { ...options, type: testType });
    throw usageError(`${source.name} is of type ${source.type}, not ${testType.type}. Leave out the type.`);
  }
  if (file !== undefined) {
    const content = { headers: { ...VENDOR_HEADERS }, body: await readBody(file) };
    const name = file === "-" ? "standard input" : file;
    if (testType === undefined && isCampaignFile(content.body.toString()))
      throw usageError(
        `${name} is a campaign file: airudder-devproxy trigger campaign --file ${file}. To send it as a push, give a type, such as unknown.`,
      );
    return contentSource(name, content, { type: testType, newIds });
  }
  return sampleSource(testType as TestType, { key: key ?? agreedKey, seed });
}

/** @throws DevproxyError `usage` */
async function readBody(file: string): Promise<Buffer> {
  if (file === "-") return buffer(process.stdin);
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`;
    throw usageError(`--file ${file} ${why}.`);
  });
}

function reporterFor(
  { isCampaign, total }: Plan,
  { json }: TriggerFlags,
  { out, err }: Output,
  redactor: Redactor,
): TriggerReporter {
  if (json) return jsonTriggerReporter(out, err, redactor);
  return isCampaign ? campaignReporter(out, err, redactor, total) : triggerReporter(out, redactor);
}

/** Sends the pushes, prints each result, and sets the exit code. SIGINT, SIGTERM and a closed output stop it. */
async function sendAndReport(
  plan: Plan,
  flags: TriggerFlags,
  destination: Destination,
  reporter: TriggerReporter,
  { out, err }: Output,
): Promise<void> {
  const { asVendor } = flags;
  const readingOptions: ReadingOptions = {
    deliveries: flags.deliveries === undefined ? undefined : Number(flags.deliveries),
    accepts: flags.accepts,
    timeScale: flags.timeScale,
    // `listen` does not divide its own times: it may acknowledge a push after 9 s.
    scalesTimeLimit: !destination.isRecorded,
  };
  const reading = asVendor ? vendorReading(plan.types, readingOptions) : undefined;
  if (reading !== undefined) reporter.reading(reading);
  // VendorSender ends each attempt at Airudder's time limit.
  const timeoutMs = reading && reading.timeLimitMs + TIME_LIMIT_MS;
  const sender = new TestPushSender(destination, { timeoutMs, maxConnections: MAX_PARALLEL });
  const vendor =
    reading && new VendorSender(sender, readingOptions, (push, attempt) => reporter.attempt(push, attempt, reading));
  const counts = new TriggerCounts();
  const codes = new Set<string>();
  let duplicates = 0;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const send = async (push: TestPush): Promise<void> => {
    const result: SendResult & Partial<VendorSendResult> = await (vendor ?? sender).send(push, stop.signal);
    if (result.vendor?.state === "stopped" && result.vendor.attempts.length === 0) return;
    if (result.error === "stopped") return counts.addInFlight();
    const event = triggerEvent(push, result);
    counts.add(event);
    if (event.code !== undefined) codes.add(event.code);
    // A retry of --as-vendor may be a duplicate of its first attempt.
    if (event.result === "duplicate" && (event.attempts?.length ?? 1) === 1) duplicates++;
    if (!isSuccess(event)) process.exitCode = 1;
    reporter.sent({ event, push });
    if (out.isClosed) interrupt();
  };
  try {
    await sendScheduled(
      asVendor ? withoutOrder(plan.schedule) : plan.schedule,
      {
        concurrency: concurrencyOf(plan, flags),
        signal: stop.signal,
      },
      send,
    );
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    sender.close();
  }
  const edits = { set: flags.set?.map(parseEdit) ?? [], key: flags.key };
  for (const note of rejectionNotes(codes, signedBy(edits))) reporter.note(note);
  if (duplicates > 0 && plan.seed !== undefined) {
    const what = `The app received ${duplicates} of these pushes before: the same --seed produces equal pushes`;
    const message = `${what}. For new ones, use another, such as --seed ${plan.seed + 1}.`;
    reporter.note({ event: "note", code: "duplicate", message });
  }
  const summary = counts.summary(stop.signal.aborted && counts.total < plan.total);
  reporter.summary(summary);
  if (!summary.interrupted) return;
  process.exitCode = 1;
  const cause = out.isClosed ? "the output was closed" : "interrupted";
  const { total, inFlight } = summary;
  const more = inFlight === undefined ? "" : `; ${inFlight} more in flight, with an unknown result`;
  err.line(`${cause}: ${total} of ${plan.total} pushes sent${more}`);
}

/** Removes the subjects: Airudder sends a push while an earlier one of its subject waits for a retry. */
function* withoutOrder(schedule: Iterable<Scheduled<TestPush>>): Generator<Scheduled<TestPush>> {
  for (const { item, dueMs } of schedule) yield { item, dueMs };
}

function concurrencyOf({ isCampaign }: Plan, { asVendor, rate }: TriggerFlags): number {
  if (asVendor) return rate === undefined ? MAX_RETRYING : Number.POSITIVE_INFINITY;
  return isCampaign || rate !== undefined ? MAX_PARALLEL : 1;
}
