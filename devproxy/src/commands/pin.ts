import { type Command, Option } from "commander";
import { usageError } from "../errors.js";
import { rowOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { pinJson, pinTable } from "../report/index.js";
import { type Pin, pinNames, readPin, removePin, writePin } from "../trigger/index.js";
import { addJournalFlag } from "./flags.js";
import { readFolder, requireJournal } from "./folder.js";
import type { Output } from "./output.js";

interface PinFlags {
  journal: string;
  force: boolean;
  list: boolean;
  remove?: string;
  json: boolean;
}

export function addPin(program: Command, output: Output): void {
  addJournalFlag(program.command("pin"))
    .description("keep a copy of a recorded push under a name; trigger @NAME sends it")
    .argument("[id]", "#12 or 12, or a long id or a prefix of it")
    .argument("[name]", "letters, digits, dots, hyphens and underscores")
    .option("--force", "replace the pin of this name", false)
    .addOption(new Option("--list", "list the pins").default(false).conflicts("remove"))
    .option("--remove <name>", "remove a pin")
    .option("--json", "print one JSON object per line", false)
    .addHelpText(
      "after",
      "\nExamples:\n  airudder-devproxy pin '#12' busy-callee\n  airudder-devproxy pin --list\n\nPins are files in the subfolder pins of the journal. --keep never removes them.",
    )
    .action((id: string | undefined, name: string | undefined, flags: PinFlags) => run(id, name, flags, output));
}

async function run(id: string | undefined, name: string | undefined, flags: PinFlags, output: Output): Promise<void> {
  const { list, remove, json, force } = flags;
  const { out } = output;
  if (list || remove !== undefined) {
    if (id !== undefined) throw usageError("Use --list and --remove without the id of a push.");
    const dir = await requireJournal(flags.journal);
    if (remove === undefined) return listPins(dir, json, output);
    await removePin(dir, remove);
    const name = (await Redactor.of(dir, false)).text(remove);
    if (json) out.json({ event: "removed", name });
    else out.line(`The pin ${name} is removed.`);
    return;
  }
  if (id === undefined || name === undefined)
    throw usageError("Give the id of a push and a name, such as: airudder-devproxy pin '#12' busy-callee");
  const reader = await readFolder(flags.journal, output);
  const row = rowOf(reader.index, id);
  const pin: Pin = { name, head: row.push, content: await reader.content(row.location) };
  await writePin(reader.dir, pin, { force });
  const redactor = await Redactor.of(reader.dir, false);
  if (json) return out.json(pinJson(pin, redactor));
  const shown = redactor.text(name);
  out.line(`#${row.push.seq} is pinned as ${shown}. To send it: airudder-devproxy trigger '@${shown}'`);
}

async function listPins(dir: string, json: boolean, { out, err }: Output): Promise<void> {
  const redactor = await Redactor.of(dir, false);
  const pins: Pin[] = [];
  for (const name of await pinNames(dir)) {
    const pin = await readPin(dir, name).catch((error: Error) => {
      err.line(error.message);
      process.exitCode = 3;
      return undefined;
    });
    if (pin !== undefined) pins.push(pin);
  }
  if (json) for (const pin of pins) out.json(pinJson(pin, redactor));
  else if (pins.length === 0) out.line("The journal has no pins.");
  else {
    const table = pinTable(out, pins, redactor);
    out.line(table.header);
    for (const pin of pins) out.line(table.line(pin));
  }
}
