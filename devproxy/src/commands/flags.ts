import { relative } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { findUpwards, readProject } from "../config/index.js";
import { FILTERS, type Filters, pickFilters, testsOf } from "../journal/index.js";

/** Returns a parser of whole numbers from `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min)) throw new InvalidArgumentError(`Give a whole number from ${min}.`);
    return value;
  };
}

/** Collects a flag that may be given several times. */
export function collect(text: string, found: string[] = []): string[] {
  return [...found, text];
}

const JOURNAL = ".airudder";

export function addJournalFlag(command: Command): Command {
  return command.option("--journal <folder>", "folder of the journal, also found from subfolders", JOURNAL);
}

/**
 * Sets each flag that neither the command line nor the environment sets, from the project's config file. The journal defaults to the
 * nearest `.airudder`, from the working directory upwards.
 * @throws DevproxyError `project_config`
 */
export function applyProject(command: Command): void {
  // Its --journal is the inbox of the app, not the journal of the project.
  if (command.name() === "dead") return;
  const isGiven = (name: string): boolean => ["cli", "env"].includes(command.getOptionValueSource(name) ?? "");
  const names = command.options.map((option) => option.attributeName()).filter((name) => !isGiven(name));
  const options: { [name: string]: string | number | undefined } = { ...readProject()?.options };
  options.journal ??= nearestJournal();
  for (const name of names) {
    if (options[name] !== undefined) command.setOptionValueWithSource(name, options[name], FROM_FILE);
  }
}

/** The source of a value, as commander calls it. */
export const FROM_FILE = "config";

function nearestJournal(): string | undefined {
  const found = findUpwards(JOURNAL, (stats) => stats.isDirectory());
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
 * The filters among a command's flags, checked before anything is opened.
 * @throws DevproxyError `usage`, naming the filter
 */
export function filtersOf(flags: Filters): Filters {
  const filters = pickFilters(flags);
  testsOf(filters);
  return filters;
}
