import { stat } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { RecordLocation } from "airudder-webhooks/journal";
import { type Command, Option } from "commander";
import { DevproxyError, usageError } from "../errors.js";
import { type Filters, filterRows, type Row, rowsOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { droppedLine, Progress, pushCount, withSeparators } from "../report/index.js";
import {
  checkExportPath,
  EXPORT_FORMATS,
  type Exchange,
  type ExportContext,
  type ExportFormat,
  exchangesOf,
  exportCurl,
  exportCurlFiles,
  exportHar,
  exportNdjson,
  exportTest,
  LeftOut,
  RUNNERS,
  type Runner,
  writeExport,
} from "../transfer/index.js";
import { appTarget } from "./app-target.js";
import { addFilterFlags, addReadJournalFlag, filtersOf, wholeNumber } from "./flags.js";
import { readFolder } from "./folder.js";
import { localJournal } from "./local-journal.js";
import type { Output } from "./output.js";

interface ExportFlags extends Filters {
  journal: string;
  as: ExportFormat;
  out?: string;
  last?: number;
  app?: string;
  runner?: Runner;
  reveal: boolean;
}

export function addExport(program: Command, output: Output): void {
  const command = program
    .command("export")
    .description("export recorded pushes: to a HAR file, curl scripts, lines of JSON, or a test file")
    .argument("[id...]", "#12 or 12, a long id or a prefix of it, or a range 3..7 (default: all pushes)")
    .addOption(new Option("--as <format>", "format of the export").choices([...EXPORT_FORMATS]).makeOptionMandatory())
    .option(
      "--out <path>",
      "file to write or replace; with --as curl, a folder for one script and one body file per push (default: standard output)",
    )
    .option("--last <n>", "only the newest n matching pushes", wholeNumber(1))
    .option(
      "--app <file>",
      "with --as test: the module that exports the receiver, the Express app or a (req, res) handler as default, app or receiver",
    )
    .addOption(new Option("--runner <runner>", "with --as test: the test runner (default: node)").choices([...RUNNERS]))
    .option("--reveal", "export personal data and secrets as recorded; by default, they are redacted", false);
  addFilterFlags(addReadJournalFlag(command))
    .addHelpText(
      "after",
      `
Examples:
  airudder-devproxy export --status failed --since 1h --as har --out failed.har
  airudder-devproxy export 12 15..17 --as test --app ./src/app.ts --out test/pushes.test.ts`,
    )
    .action((ids: string[], flags: ExportFlags) =>
      exportPushes(ids, flags, { ...output, version: program.version() ?? "" }),
    );
}

async function exportPushes(
  ids: readonly string[],
  flags: ExportFlags,
  { version, ...output }: Output & { version: string },
): Promise<void> {
  const { err } = output;
  const filters = filtersOf(flags);
  await checkFlags(flags);
  const { folder } = await localJournal(flags.journal, { ids, filters, last: flags.last }, output);
  const reader = await readFolder(folder, output);
  if (flags.out !== undefined) await checkExportPath(flags.out, reader.dir, flags.as);
  const candidates =
    ids.length > 0 ? rowsOf(reader.index, ids).sort((a, b) => a.push.seq - b.push.seq) : reader.index.rows;
  const rows = await filterRows(reader, candidates, filters, flags.last);
  if (rows.length === 0) return err.line("No recorded push matches: nothing was exported.");
  const redactor = await Redactor.of(reader.dir, flags.reveal);
  const { target } = await appTarget(reader);
  const leftOut = new LeftOut();
  const onDamaged = ({ segment, offset }: RecordLocation) =>
    leftOut.add("the record is damaged", `segment ${segment}, byte ${offset}`);
  const notTests = new LeftOut();
  const onNotATest = ({ push }: Row) =>
    notTests.add("the body is not a JSON object, or is nested too deeply", `#${push.seq}`);
  const progress = new Progress(err, rows.length);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let count = 0;
  const exchanges = async function* (): AsyncGenerator<Exchange> {
    for await (const exchange of exchangesOf(reader, rows, onDamaged)) {
      if (stop.signal.aborted) throw new DevproxyError("interrupted", "interrupted: the export is incomplete.", 1);
      count++;
      yield exchange;
      progress.show(count);
    }
  };
  try {
    await write(exchanges(), { redactor, target, version }, flags, onNotATest, output);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    progress.clear();
  }
  for (const line of [...leftOut.lines(), ...notTests.lines()]) err.line(line);
  if (reader.dropped > 0) err.line(droppedLine(reader.dropped));
  const exported = count - notTests.count;
  if (exported === 0) process.exitCode = 1;
  if (flags.out !== undefined) err.line(`exported ${pushCount(exported)} to ${flags.out}`);
  if (redactor.count === 0) return;
  const values = `${withSeparators(redactor.count)} ${redactor.count === 1 ? "value" : "values"}`;
  err.line(`redacted ${values} in ${pushCount(exported)}; --reveal exports them as recorded`);
}

/** @throws DevproxyError `usage` */
async function checkFlags({ as, app, runner }: ExportFlags): Promise<void> {
  if (as !== "test") {
    if (app !== undefined) throw usageError("--app is only for --as test.");
    if (runner !== undefined) throw usageError("--runner is only for --as test.");
    return;
  }
  if (app === undefined) {
    throw usageError("--as test needs --app with the module that exports your app, such as --app ./src/app.ts.");
  }
  const found = await stat(app).catch(() => undefined);
  if (found?.isFile() !== true) {
    throw usageError(`--app ${app} is not a file. Give the path of the module that exports your app.`);
  }
}

async function write(
  exchanges: AsyncIterable<Exchange>,
  context: ExportContext,
  { as, app = "", runner = "node", out: path }: ExportFlags,
  onLeftOut: (row: Row) => void,
  { out }: Output,
): Promise<void> {
  if (as === "curl" && path !== undefined) return exportCurlFiles(exchanges, context, path);
  const options = { app: importPath(app, path), runner, onLeftOut };
  const parts = {
    har: () => exportHar(exchanges, context),
    ndjson: () => exportNdjson(exchanges, context),
    curl: () => exportCurl(exchanges, context),
    test: () => exportTest(exchanges, context, options),
  }[as]();
  if (path !== undefined) return writeExport(path, parts);
  for await (const part of parts) {
    await out.drained();
    if (out.isClosed) return;
    out.write(part);
  }
}

/** How a test file imports the app's module: relative to the file, with the extension of the compiled module. */
function importPath(app: string, out: string | undefined): string {
  const from = out === undefined ? process.cwd() : dirname(resolve(out));
  const path = relative(from, resolve(app));
  const compiled = path.replace(/\.tsx?$/, ".js").replace(/\.([cm])ts$/, ".$1js");
  // On Windows, a path to another drive.
  if (isAbsolute(compiled)) return pathToFileURL(compiled).href;
  // A relative specifier is resolved as a URL.
  const specifier = compiled.replaceAll(sep, "/").replace(/[%#?\\\t\n\r]/g, encodeURIComponent);
  return /^\.\.?\//.test(specifier) ? specifier : `./${specifier}`;
}
