import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { DrillOptions, DrillResult } from "airudder-webhooks/testing";
import { type Command, InvalidArgumentError, Option } from "commander";
import { connectControl } from "../client/index.js";
import { configuredTarget, DEFAULT_TARGET, parseTarget, tokenFromEnvironment } from "../config/index.js";
import { usageError } from "../errors.js";
import { Redactor } from "../privacy/index.js";
import { drillDetails, drillJson, drillSummary, drillTable, redactedResult } from "../report/index.js";
import { addJournalFlag, addOutputFlags } from "./flags.js";
import { readFolder } from "./folder.js";
import type { Output } from "./output.js";

interface DrillFlags {
  list: boolean;
  to?: string;
  verify?: string;
  restartWith?: string;
  from?: string;
  key?: string;
  timeScale: number;
  allowRemote: boolean;
  junit?: string;
  journal: string;
  reveal: boolean;
  json: boolean;
}

export function addDrill(program: Command, output: Output): void {
  const command = program
    .command("drill")
    .description(
      "send the app duplicated, late and malformed pushes, kill and restart it, and check that it neither loses nor repeats work",
    )
    .argument("[scenario...]", "names of scenarios (default: all)")
    .option("--list", "list the scenarios, and send nothing", false)
    .option("--to <url>", "URL of the app (default: the target of the running listen, or of the configuration)")
    .option(
      "--verify <command>",
      "command that prints a number or JSON, such as a row count; each scenario must change it as a control run does",
    )
    .option(
      "--restart-with <command>",
      "command that starts the app; the drill starts the app, kills it and starts it again",
    )
    .option(
      "--from <range>",
      "recorded pushes to repeat, swap and delay with new ids, such as '#1..#200' (default: fictitious ones)",
    )
    .addOption(
      new Option("--key <key>", "key that the app verifies with (default: Airudder's published key)").env(
        "AIRUDDER_KEY",
      ),
    )
    .option(
      "--time-scale <n>",
      "divide Airudder's times, its limit of 10 s and its minute before a retry, by this number",
      parseTimeScale,
      1,
    )
    .option("--allow-remote", "accept a target that is not on this machine", false)
    .option("--junit <file>", "also write the results as JUnit XML");
  addOutputFlags(addJournalFlag(command))
    .addHelpText("after", "\nExits with 1 if a scenario fails. The token of the app is AIRUDDER_TOKEN.")
    .addHelpText(
      "after",
      `
Examples:
  airudder-devproxy drill --verify "sqlite3 app.db 'select count(*) from calls'"
  airudder-devproxy drill crash duplicate --verify "node count.js" --restart-with "node app.js" --junit drill.xml`,
    )
    .action((scenarios: string[], flags: DrillFlags) => run(scenarios, flags, output));
}

function parseTimeScale(text: string): number {
  const scale = /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (!(scale > 0)) throw new InvalidArgumentError("Give a number above 0, such as 60.");
  return scale;
}

async function run(names: string[], flags: DrillFlags, output: Output): Promise<void> {
  // Imported here, because the other commands do not need them.
  const { drill, drillScenarios } = await import("airudder-webhooks/testing");
  const { AppProcess, junitXml, recordedPushes, runVerify } = await import("../drill/index.js");
  const { out } = output;
  const known = drillScenarios.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw usageError(`There is no scenario "${unknown}". Scenarios: ${known.join(", ")}.`);
  if (flags.list) return listScenarios(drillScenarios, flags, output);

  const target = await targetOf(flags);
  const { verify, restartWith, junit, json } = flags;
  const token = tokenFromEnvironment();
  if (junit !== undefined) await requireFolderOf(junit);
  const pushes =
    flags.from === undefined ? undefined : await recordedPushes(await readFolder(flags.journal, output), flags.from);
  const redactor = new Redactor("", flags.reveal);
  const app = restartWith === undefined ? undefined : new AppProcess(restartWith, target);
  const interrupt = () => {
    app?.killNow();
    process.exit(1);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await app?.start();
    if (verify !== undefined) {
      await runVerify(verify).catch((error: Error) => {
        throw usageError(`Nothing was sent: ${error.message}`);
      });
    }
    const table = drillTable(out, names.length === 0 ? known : names);
    if (!json) out.line(table.header);
    const onResult = (result: DrillResult) => {
      if (json) return out.json(drillJson(result, redactor));
      out.line(table.line(result));
      for (const line of drillDetails(result, redactor)) out.line(line);
    };
    const options: DrillOptions = {
      url: target.href,
      key: flags.key,
      token,
      verify: verify === undefined ? undefined : () => runVerify(verify),
      restart: app && { kill: () => app.kill(), start: () => app.start() },
      scenarios: names.length === 0 ? undefined : names,
      timeScale: flags.timeScale,
      pushes,
      onEvent: ({ event, ...result }) => event === "result" && onResult(result as DrillResult),
    };
    const report = await drill(options);
    const { ok, passed, failed, skipped, ms } = report;
    if (json) out.json({ event: "drill", ok, passed, failed, skipped, ms });
    else out.line(`\n${drillSummary(report, verify !== undefined)}`);
    if (junit !== undefined) {
      const results = report.results.map((result) => redactedResult(result, redactor));
      await writeFile(junit, junitXml({ ...report, results }));
    }
    if (!ok) process.exitCode = 1;
  } finally {
    await app?.kill();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function listScenarios(
  scenarios: readonly { name: string; description: string }[],
  { json }: DrillFlags,
  { out }: Output,
): void {
  for (const { name, description } of scenarios) {
    if (json) out.json({ event: "scenario", name, description });
    else out.line(`${name.padEnd(22)} ${description}`);
  }
}

/** @throws DevproxyError `usage`, if the target is not on this machine and `--allow-remote` is not given */
async function targetOf({ to, journal, allowRemote }: DrillFlags): Promise<URL> {
  const { isLoopback } = await import("../drill/index.js");
  const target = to === undefined ? await defaultTarget(journal) : parseTarget(to, "--to");
  if (allowRemote || isLoopback(target)) return target;
  throw usageError(
    `${target.host} is not on this machine. A drill sends duplicated, malformed and huge pushes. If the app is in a test environment, add --allow-remote.`,
  );
}

async function defaultTarget(journal: string): Promise<URL> {
  const control = await connectControl(resolve(journal));
  const target = control?.state.target;
  return typeof target === "string" ? new URL(target) : (configuredTarget() ?? new URL(DEFAULT_TARGET));
}

async function requireFolderOf(file: string): Promise<void> {
  const folder = dirname(resolve(file));
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory())
    throw usageError(`--junit: there is no folder ${folder}. Create it, or give another file.`);
}
