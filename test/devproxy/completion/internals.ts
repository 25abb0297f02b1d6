import { createRequire } from "node:module";
import { addCommands, makeOutput } from "../../../devproxy/src/commands/index.js";

export * from "../../../devproxy/src/completion/index.js";

type Command = Parameters<typeof addCommands>[0];

// The root of the repository has another version of this package.
const { Command } = createRequire(new URL("../../../devproxy/src/cli.ts", import.meta.url))("commander") as {
  Command: new (name?: string) => Command;
};

/** The commands of the program. */
export function makeProgram(): Command {
  const program = emptyProgram();
  addCommands(program, makeOutput());
  return program;
}

export function emptyProgram(): Command {
  return new Command("airudder-devproxy").version("1.0.0");
}
