import type { Command } from "commander";
import { addDead } from "./dead.js";
import { addDoctor } from "./doctor.js";
import { addDrift } from "./drift.js";
import type { Output } from "./folder.js";
import { addList } from "./list.js";
import { addListen } from "./listen.js";
import { addReplay } from "./replay.js";
import { addShow } from "./show.js";

export { applyProject } from "./flags.js";
export { makeOutput } from "./folder.js";

/** Adds every command, in the order of the help. */
export function addCommands(program: Command, context: Output): void {
  addListen(program, context);
  addList(program, context);
  addShow(program, context);
  addReplay(program, context);
  addDoctor(program, context);
  addDrift(program, context);
  addDead(program, context);
}
