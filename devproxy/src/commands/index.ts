import type { Command } from "commander";
import { addDead } from "./dead.js";
import { addDoctor } from "./doctor.js";
import { addDrift } from "./drift.js";
import { addDrill } from "./drill.js";
import { addList } from "./list.js";
import { addListen } from "./listen.js";
import type { Output } from "./output.js";
import { addReplay } from "./replay.js";
import { addShow } from "./show.js";

export { applyProjectConfig } from "./flags.js";
export { readFolder } from "./folder.js";
export { list } from "./list.js";
export { makeOutput } from "./output.js";

/** Adds every command, in the order of the help. */
export function addCommands(program: Command, output: Output): void {
  addListen(program, output);
  addList(program, output);
  addShow(program, output);
  addReplay(program, output);
  addDoctor(program, output);
  addDrill(program, output);
  addDrift(program, output);
  addDead(program, output);
}
