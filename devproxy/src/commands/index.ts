import type { Command } from "commander";
import { addCompletion } from "./completion.js";
import { addDead } from "./dead.js";
import { addDoctor } from "./doctor.js";
import { addDrift } from "./drift.js";
import { addDrill } from "./drill.js";
import { addExport } from "./export.js";
import { addImport } from "./import.js";
import { addList } from "./list.js";
import { addListen } from "./listen.js";
import { addMcp } from "./mcp.js";
import type { Output } from "./output.js";
import { addPin } from "./pin.js";
import { addReplay } from "./replay.js";
import { addShow } from "./show.js";
import { addTrigger } from "./trigger.js";

export { complete } from "./completion.js";
export { applyProjectConfig, checkJournalUrl } from "./flags.js";
export { readFolder } from "./folder.js";
export { list } from "./list.js";
export { makeOutput } from "./output.js";

/** Adds every command, in the order of the help. */
export function addCommands(program: Command, output: Output): void {
  addListen(program, output);
  addList(program, output);
  addShow(program, output);
  addReplay(program, output);
  addTrigger(program, output);
  addPin(program, output);
  addDoctor(program, output);
  addDrill(program, output);
  addDrift(program, output);
  addDead(program, output);
  addExport(program, output);
  addImport(program, output);
  addMcp(program, output);
  addCompletion(program, output);
}
