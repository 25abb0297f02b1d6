import type { Argument, Command, Option } from "commander";
import type { Candidate } from "./candidate.js";
import { type CompletionContext, valuesOf } from "./values.js";

/** What a command line is completed with, besides the definition of the commands. */
export interface CompletionOptions {
  /** Name of the command that runs if the line names none. */
  defaultCommand: string;
  /** The journal that a command reads. `given` is the value of `--journal` on the line. */
  journalOf(command: Command, given: string | undefined): string | undefined;
}

/**
 * The candidates for the last word of a command line: commands, flags, and values of flags and arguments. If there is none, the shell
 * completes file names.
 * @param program the definition of the commands
 * @param words the words after the program's name, up to the cursor; the last one may be empty
 */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  options: CompletionOptions,
): Promise<Candidate[]> {
  const word = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const named = program.commands.find((command) => command.name() === before[0]);
  const isHelp = before[0] === "help" && before.length === 1;
  if ((before.length === 0 && !word.startsWith("-")) || isHelp) return startingWith(word, commandsOf(program));
  const command = named ?? program.commands.find((one) => one.name() === options.defaultCommand);
  if (command === undefined || before[0] === "help") return [];
  const line = parseLine(command, named === undefined ? before : before.slice(1));
  const context: CompletionContext = {
    command: command.name(),
    words: before,
    operands: line.operands,
    journal: () => options.journalOf(command, line.journal),
  };
  const { pending } = line;
  if (pending !== undefined && !(word.startsWith("-") && (pending.variadic || pending.optional))) {
    return startingWith(word, await valuesOf(pending, word, context));
  }
  const equals = word.indexOf("=");
  const inline = word.startsWith("--") && equals > 0 ? findOption(command, word.slice(0, equals)) : undefined;
  if (inline !== undefined) {
    const candidates = await valuesOf(inline, word.slice(equals + 1), context);
    const prefix = word.slice(0, equals + 1);
    return startingWith(
      word,
      candidates.map(({ value, ...rest }) => ({ value: prefix + value, ...rest })),
    );
  }
  const flags = () => startingWith(word, [...flagsOf(command), ...(named === undefined ? flagsOf(program) : [])]);
  if (word.startsWith("-") && !line.hasDashes) return flags();
  const argument = argumentAt(command, line.operands.length);
  return argument === undefined ? flags() : startingWith(word, await valuesOf(argument, word, context));
}

/** What the words before the cursor mean. */
interface ParsedLine {
  /** The flag whose value the next word is, or may be. */
  pending: Option | undefined;
  operands: string[];
  /** Whether `--` ended the flags. */
  hasDashes: boolean;
  /** The value of `--journal`. */
  journal: string | undefined;
}

function parseLine(command: Command, words: readonly string[]): ParsedLine {
  const line: ParsedLine = { pending: undefined, operands: [], hasDashes: false, journal: undefined };
  for (const word of words) {
    const { pending } = line;
    if (pending !== undefined && !(word.startsWith("-") && (pending.variadic || pending.optional))) {
      if (pending.long === "--journal") line.journal = word;
      if (!pending.variadic) line.pending = undefined;
    } else if (line.hasDashes || !word.startsWith("-")) line.operands.push(word);
    else if (word === "--") line.hasDashes = true;
    else {
      const [name = "", value] = word.split(/=(.*)/s, 2);
      const option = findOption(command, name);
      const takesValue = option !== undefined && (option.required || option.optional);
      line.pending = takesValue && value === undefined ? option : undefined;
      if (name === "--journal" && value !== undefined) line.journal = value;
    }
  }
  return line;
}

function findOption(command: Command, name: string): Option | undefined {
  return command.options.find(({ long, short }) => long === name || short === name);
}

function argumentAt({ registeredArguments }: Command, position: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[position] ?? (last?.variadic ? last : undefined);
}

function commandsOf(program: Command): Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ value: command.name(), description: command.description() }));
}

function flagsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({ value: option.long ?? option.flags, description: option.description }));
}

function startingWith(word: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(word));
}
