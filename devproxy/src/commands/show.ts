import { type Command, Option } from "commander";
import { configuredTarget, DEFAULT_TARGET } from "../config/index.js";
import { rowOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { curlLines, detailJson, detailLines } from "../report/index.js";
import { type Context, readFolder } from "./context.js";
import { addJournalFlag } from "./flags.js";
import { liveTarget } from "./live-target.js";

interface ShowFlags {
  journal: string;
  reveal: boolean;
  json: boolean;
  raw: boolean;
  curl: boolean;
}

export function addShow(program: Command, context: Context): void {
  addJournalFlag(program.command("show"))
    .description("show a push: headers, body, deliveries and results")
    .argument("<id>", "#12 or 12, or an id or its beginning")
    .option("--reveal", "show personal data and secrets, which are redacted by default", false)
    .addOption(new Option("--json", "print one JSON object").default(false).conflicts(["raw", "curl"]))
    .addOption(
      new Option("--raw", "write the exact bytes of the body, without redaction").default(false).conflicts("curl"),
    )
    .addOption(new Option("--curl", "print a curl command that sends the push to the app again").default(false))
    .addHelpText("after", "\nExample:\n  airudder-devproxy show 12 --raw > push.json")
    .action((id: string, flags: ShowFlags) => show(id, flags, context));
}

async function show(id: string, flags: ShowFlags, context: Context): Promise<void> {
  const { out } = context;
  const reader = await readFolder(flags.journal, context);
  const row = rowOf(reader.index, id);
  const content = await reader.content(row.location);
  if (flags.raw) return out.write(content.body);
  const redactor = await Redactor.of(reader.dir, flags.reveal);
  if (flags.curl) {
    const known = await liveTarget(reader);
    const target = known ?? configuredTarget() ?? new URL(DEFAULT_TARGET);
    if (known === undefined)
      context.err.line(
        `The app that live pushes go to is unknown, so the command sends to ${target}. Replace it by your app's URL.`,
      );
    const place = { target, journal: flags.journal };
    for (const line of curlLines(row, content, redactor, place)) out.line(line);
  } else if (flags.json) out.json(await detailJson(reader, row, content, redactor));
  else for (const line of await detailLines(reader, row, content, redactor, out)) out.line(line);
}
