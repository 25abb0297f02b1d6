import type { Command } from "commander";
import type { Context } from "./context.js";
import { addDead } from "./dead.js";
import { addDoctor } from "./doctor.js";
import { addDrift } from "./drift.js";
import { addList } from "./list.js";
import { addListen } from "./listen.js";
import { addReplay } from "./replay.js";
import { addShow } from "./show.js";

export { makeContext } from "./context.js";
export { applyProject } from "./flags.js";

/** Adds every command, in the order of the help. */
export function addCommands(program: Command, context: Context): void {
  addListen(program, context);
  addList(program, context);
  addShow(program, context);
  addReplay(program, context);
  addDoctor(program, context);
  addDrift(program, context);
  addDead(program, context);
}
