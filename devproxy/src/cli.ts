import { readFileSync } from "node:fs";
import { JournalError } from "airudder-webhooks/journal";
import { Command, CommanderError } from "commander";
import { addCommands, applyProject, makeOutput } from "./commands/index.js";
import { dropEmptyVariables, editDistance } from "./config/index.js";
import { DevproxyError, usageError } from "./errors.js";
import { safeLine } from "./report/index.js";
// Not from index.ts: most commands have no use for the providers that it loads.
import { TunnelError } from "./tunnel/index.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const output = makeOutput();
const program = new Command("airudder-devproxy")
  .description("Brings Airudder pushes to localhost, records every one, and replays them. Unofficial.")
  .version(version)
  .addHelpText(
    "after",
    `
Without a command, "listen" runs: airudder-devproxy --target http://localhost:3000/webhooks/airudder
All flags of a command: airudder-devproxy listen --help`,
  )
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({ outputError: () => undefined });
addCommands(program, output);
program.hook("preAction", (_, command) => applyProject(command));
program.commands.forEach((command) => {
  command.exitOverride().configureOutput({ outputError: () => undefined });
});

try {
  dropEmptyVariables();
  const word = process.argv[2];
  if (word !== undefined && !word.startsWith("-")) checkCommand(word);
  const asked = process.argv[3];
  if (word === "help" && asked !== undefined && !asked.startsWith("-")) checkCommand(asked);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function checkCommand(word: string): void {
  const known = program.commands.map((command) => command.name());
  if (word === "help" || known.includes(word)) return;
  const near = nearest(word, known);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  throw usageError(`"${word}" is not a command.${hint} Give one of ${known.join(", ")}.`);
}

/** The command that differs from a word in one or two letters: added, missing, replaced or swapped. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .filter(({ name, distance }) => distance <= Math.min(2, name.length / 2))
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}

/** The command that stands behind flags, where those of `listen` are expected. */
function lateCommand(): string | undefined {
  const [first, ...rest] = process.argv.slice(2);
  if (!first?.startsWith("-")) return undefined;
  return rest.find((word) => program.commands.some((command) => command.name() === word));
}

/** Tells what went wrong in one line, and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const late = error instanceof CommanderError ? lateCommand() : undefined;
  const message =
    late === undefined
      ? (error as Error).message
      : `The command comes first, its flags behind it: airudder-devproxy ${late} ...`;
  output.err.line(`airudder-devproxy: ${safeLine(message.replace(/^error: /, ""))}`);
  if (error instanceof CommanderError || error instanceof TunnelError) return 2;
  if (error instanceof JournalError) return 3;
  return error instanceof DevproxyError ? error.exit : 1;
}
