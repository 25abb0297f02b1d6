import { relative } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { findUpwards, parseInboxUrl, readProjectConfig } from "../config/index.js";
import { usageError } from "../errors.js";
import { FILTERS, type Filters, pickFilters, testsOf } from "../journal/index.js";

/** Returns a parser of whole numbers of at least `min` that a number of JavaScript can represent. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}.`);
  };
}

/** Collects the values of a repeatable flag. */
export function collect(text: string, found: string[] = []): string[] {
  return [...found, text];
}

const DEFAULT_JOURNAL = ".airudder";

/** The variable that sets `--journal`. It keeps the password of a URL out of the shell's history. */
const JOURNAL_VARIABLE = "AIRUDDER_JOURNAL";

/** Adds `--journal` to a command that writes to the journal. */
export function addJournalFlag(command: Command): Command {
  const option = new Option(
    "--journal <folder>",
    "folder of the journal; without this flag, also searched for in parent folders",
  );
  return command.addOption(option.default(DEFAULT_JOURNAL).env(JOURNAL_VARIABLE));
}

const FOLDER_OR_URL = "--journal <folder|url>";

/** Adds `--journal` to a command that can also read an app's inbox in a database. */
export function addReadJournalFlag(
  command: Command,
  description = "folder of the journal, or the URL of an app's inbox, such as postgres://HOST/DATABASE or redis://HOST; without this flag, also searched for in parent folders",
  defaultFolder = DEFAULT_JOURNAL,
): Command {
  return command.addOption(new Option(FOLDER_OR_URL, description).default(defaultFolder).env(JOURNAL_VARIABLE));
}

/**
 * Rejects the URL of an inbox if the command writes to its journal. Call it before the command uses the value as a path.
 * @throws DevproxyError `usage`
 */
export function checkJournalUrl(command: Command): void {
  const journal: unknown = command.getOptionValue("journal");
  const inbox = typeof journal === "string" ? parseInboxUrl(journal) : undefined;
  if (inbox === undefined || command.options.some(({ flags }) => flags === FOLDER_OR_URL)) return;
  const source = command.getOptionValueSource("journal") === "env" ? JOURNAL_VARIABLE : "--journal";
  const advice =
    "Use a folder. To copy pushes of the inbox into one, run: airudder-devproxy export --journal URL --as ndjson --reveal | airudder-devproxy import - --journal .airudder";
  throw usageError(
    `${command.name()} cannot use the inbox ${inbox.shown} of ${source}: it can only be read. ${advice}`,
  );
}

/**
 * Sets flags from the project's config file, unless the command line or the environment sets them. The journal defaults to the nearest
 * `.airudder` in the working directory or above.
 * @throws DevproxyError `project_config`
 */
export function applyProjectConfig(command: Command): void {
  // The --journal of `dead` is the inbox of the app, not the journal of the project.
  if (command.name() === "dead") return;
  const isGiven = (name: string): boolean => ["cli", "env"].includes(command.getOptionValueSource(name) ?? "");
  const names = command.options.map((option) => option.attributeName()).filter((name) => !isGiven(name));
  if (names.length === 0) return;
  const options: { [name: string]: string | number | undefined } = { ...readProjectConfig()?.options };
  options.journal ??= nearestJournal();
  for (const name of names) {
    if (options[name] !== undefined) command.setOptionValueWithSource(name, options[name], FROM_FILE);
  }
}

/** The source that commander reports for a value from the config file. */
export const FROM_FILE = "config";

/**
 * The journal of the project: the one in its config file, or the nearest `.airudder` in the working directory or above.
 * @throws DevproxyError `project_config`
 */
export function projectJournal(): string | undefined {
  return readProjectConfig()?.options.journal ?? nearestJournal();
}

function nearestJournal(): string | undefined {
  const found = findUpwards(DEFAULT_JOURNAL, (stats) => stats.isDirectory());
  return found && relative(process.cwd(), found);
}

export function addOutputFlags(command: Command): Command {
  return command
    .option("--reveal", "show personal data, which is redacted by default", false)
    .option("--json", "print one JSON object per line", false);
}

export function addFilterFlags(command: Command): Command {
  for (const [name, { value, description }] of Object.entries(FILTERS)) {
    command.option(`--${name} ${value}`, description);
  }
  return command;
}

/**
 * The filters among the flags of a command, checked before the journal is opened.
 * @throws DevproxyError `usage`, naming the filter
 */
export function filtersOf(flags: Filters): Filters {
  const filters = pickFilters(flags);
  testsOf(filters);
  return filters;
}
