import { type Command, Option } from "commander";
import { configuredTarget } from "../config/environment.js";
import { DEFAULT_TARGET } from "../config/target.js";
import { rowOf } from "../journal/ids.js";
import { Curtain } from "../privacy/curtain.js";
import { curlLines } from "../report/curl.js";
import { detailJson, detailLines } from "../report/detail.js";
import { liveTarget } from "../report/live-target.js";
import { type Context, readFolder } from "./context.js";
import { addJournalFlag } from "./flags.js";

interface ShowFlags {
  journal: string;
  reveal: boolean;
  json: boolean;
  raw: boolean;
  curl: boolean;
}

export function addShow(program: Command, context: Context): void {
  addJournalFlag(program.command("show"))
    .description("show a push: headers, body, and what became of it")
    .argument("<id>", "#12, 12, or a long id or its beginning")
    .option("--reveal", "show personal data and secrets; they are masked otherwise", false)
    .addOption(new Option("--json", "print one JSON object").default(false).conflicts(["raw", "curl"]))
    .addOption(new Option("--raw", "write the body's exact bytes, nothing masked").default(false).conflicts("curl"))
    .addOption(new Option("--curl", "print a command that sends it again to where live pushes go").default(false))
    .addHelpText("after", "\nExample:\n  airudder-devproxy show 12 --raw > push.json")
    .action((id: string, flags: ShowFlags) => show(id, flags, context));
}

async function show(id: string, flags: ShowFlags, context: Context): Promise<void> {
  const { out } = context;
  const reader = await readFolder(flags.journal, context);
  const row = rowOf(reader.index, id);
  const content = await reader.content(row.place);
  if (flags.raw) return out.write(content.body);
  const curtain = await Curtain.of(reader.dir, flags.reveal);
  if (flags.curl) {
    const known = await liveTarget(reader);
    const target = known ?? configuredTarget() ?? new URL(DEFAULT_TARGET);
    if (known === undefined)
      context.err.line(`Where live pushes go is not known: the command sends to ${target}. Put your app's URL there.`);
    const place = { target, journal: flags.journal };
    for (const line of curlLines(row, content, curtain, place)) out.line(line);
  } else if (flags.json) out.json(await detailJson(reader, row, content, curtain));
  else for (const line of await detailLines(reader, row, content, curtain, out)) out.line(line);
}
