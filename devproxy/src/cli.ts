import { JournalError } from "airudder-webhooks/journal";
import { Command, CommanderError } from "commander";
import { addCommands, applyProjectConfig, checkJournalUrl, complete, makeOutput } from "./commands/index.js";
import { packageVersion, suggestion, unsetEmptyVariables } from "./config/index.js";
import { DevproxyError, usageError } from "./errors.js";
import { safeLine } from "./report/index.js";
import { TunnelError } from "./tunnel/index.js";

const output = makeOutput();
const program = new Command("airudder-devproxy")
  .description("Receive Airudder pushes on localhost, record each one, and replay them. Unofficial.")
  .version(packageVersion())
  .addHelpText(
    "after",
    `
The default command is listen: airudder-devproxy --target http://localhost:3000/webhooks/airudder
Flags of a command: airudder-devproxy COMMAND --help`,
  )
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({ outputError: () => undefined });
addCommands(program, output);
program.hook("preAction", (_, command) => {
  applyProjectConfig(command);
  checkJournalUrl(command);
});
program.commands.forEach((command) => {
  command.exitOverride().configureOutput({ outputError: () => undefined });
});

try {
  // Not a command of commander, which would interpret the words.
  if (process.argv[2] === "complete") await complete(program, process.argv.slice(3), output);
  unsetEmptyVariables();
  const commandName = process.argv[2];
  if (commandName !== undefined && !commandName.startsWith("-")) checkCommand(commandName);
  const helpTopic = process.argv[3];
  if (commandName === "help" && helpTopic !== undefined && !helpTopic.startsWith("-")) checkCommand(helpTopic);
  await program.parseAsync();
} catch (error) {
  process.exitCode = printError(error);
}

function checkCommand(word: string): void {
  const known = program.commands.map((command) => command.name());
  if (word === "help" || known.includes(word)) return;
  throw usageError(`"${word}" is not a command.${suggestion(word, known)} Give one of ${known.join(", ")}.`);
}

/** Finds a command that follows flags. Commander then reads the flags as those of `listen`. */
function misplacedCommand(): string | undefined {
  const [first, ...rest] = process.argv.slice(2);
  if (!first?.startsWith("-")) return undefined;
  return rest.find((word) => program.commands.some((command) => command.name() === word));
}

/** A message of commander, as a sentence. For a value that is not one of the choices, adds the most similar choice. */
function rephrased(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\n\((Did you mean .*\?)\)$/, ". $1");
  const [, value, choices] = /argument '(.*)' is invalid\. Allowed choices are (.*)\.$/s.exec(text) ?? [];
  return value === undefined || choices === undefined ? text : `${text}${suggestion(value, choices.split(", "))}`;
}

/** Replaces the passwords of URLs in a message: the user may have typed a URL where a command belongs. */
function withoutPasswords(message: string): string {
  return message.replace(/(\w:\/\/[^\s/@]*?):[^\s@]+@/g, "$1:***@");
}

/** Prints an error on one line. Returns the exit code. */
function printError(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const misplaced = error instanceof CommanderError ? misplacedCommand() : undefined;
  const message =
    misplaced === undefined
      ? rephrased((error as Error).message)
      : `Put the command before its flags: airudder-devproxy ${misplaced} ...`;
  output.err.line(`airudder-devproxy: ${safeLine(withoutPasswords(message))}`);
  if (error instanceof CommanderError || error instanceof TunnelError) return 2;
  if (error instanceof JournalError) return 3;
  return error instanceof DevproxyError ? error.exit : 1;
}
