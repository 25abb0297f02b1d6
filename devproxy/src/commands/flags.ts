import { relative } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { findUpwards, readProject } from "../config/index.js";
import { type Filters, STATUSES, testsOf } from "../journal/index.js";

/** Returns a parser of whole numbers of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min)) throw new InvalidArgumentError(`Give a whole number of at least ${min}.`);
    return value;
  };
}

/** Collects the values of a repeatable flag. */
export function collect(text: string, found: string[] = []): string[] {
  return [...found, text];
}

const JOURNAL = ".airudder";

export function addJournalFlag(command: Command): Command {
  return command.option(
    "--journal <folder>",
    "folder of the journal; the default is also searched for in the folders above",
    JOURNAL,
  );
}

/**
 * Sets flags from the project's config file, unless the command line or the environment sets them. The journal defaults to the nearest
 * `.airudder` in the working directory or above.
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

/** commander's name for a value from a config file. */
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
  return command
    .option("--type <type>", "only pushes of this type, such as call.completed")
    .addOption(new Option("--status <status>", `only pushes with this status: ${STATUSES.join(", ")}`))
    .option("--task <id>", "only pushes about this task: its id or the placeholder that list prints")
    .option("--call <id>", "only pushes about this call: its id or placeholder")
    .option("--workflow <id>", "only pushes of this workflow: its id or placeholder")
    .option(
      "--since <time>",
      "only pushes received since then: 10m, 2h or 30d ago, or a date in local time (2026-01-31, 2026-01-31T08:00)",
    )
    .option("--until <time>", "only pushes received until then")
    .option("--text <text>", "only pushes whose body contains this text");
}

/**
 * The filters among the flags of a command, checked before the journal is opened.
 * @throws DevproxyError `usage`, naming the filter
 */
export function filtersOf({ type, status, task, call, workflow, since, until, text }: Filters): Filters {
  const given = Object.entries({ type, status, task, call, workflow, since, until, text });
  const filters: Filters = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  testsOf(filters);
  return filters;
}
