import { type Command, Option } from "commander";
import { rowOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { curlLines, detailJson, detailLines } from "../report/index.js";
import { appTarget } from "./app-target.js";
import { addReadJournalFlag } from "./flags.js";
import { readFolder } from "./folder.js";
import { localJournal } from "./local-journal.js";
import type { Output } from "./output.js";
import { signKey } from "./sign-key.js";

interface ShowFlags {
  journal: string;
  reveal: boolean;
  json: boolean;
  raw: boolean;
  curl: boolean;
}

export function addShow(program: Command, output: Output): void {
  addReadJournalFlag(program.command("show"))
    .description("print a push: headers, body, deliveries and results")
    .argument("<id>", "#12 or 12, or a long id or a prefix of it")
    .option("--reveal", "show personal data and secrets, which are redacted by default", false)
    .addOption(new Option("--json", "print one JSON object").default(false).conflicts(["raw", "curl"]))
    .addOption(
      new Option("--raw", "write the exact bytes of the body, without redaction").default(false).conflicts("curl"),
    )
    .addOption(new Option("--curl", "print a curl command that sends the push to the app again").default(false))
    .addHelpText("after", "\nExample:\n  airudder-devproxy show 12 --raw > push.json")
    .action((id: string, flags: ShowFlags) => show(id, flags, output));
}

async function show(id: string, flags: ShowFlags, output: Output): Promise<void> {
  const { out } = output;
  const { folder, shown } = await localJournal(flags.journal, { ids: [id] }, output);
  const reader = await readFolder(folder, output);
  const row = rowOf(reader.index, id);
  const content = await reader.content(row.location);
  if (flags.raw) return out.write(content.body);
  const redactor = await Redactor.of(reader.dir, flags.reveal);
  if (flags.curl) {
    const { target, isKnown } = await appTarget(reader);
    if (!isKnown)
      output.err.line(
        `The URL of the app is unknown, so the command sends to ${target}. Replace it with your app's URL.`,
      );
    const options = { target, journal: shown };
    for (const line of curlLines(row, content, redactor, options)) out.line(line);
    return;
  }
  const key = await signKey(reader.dir);
  if (flags.json) out.json(await detailJson(reader, row, content, redactor, key));
  else for (const line of await detailLines(reader, row, content, redactor, out, key)) out.line(line);
}
