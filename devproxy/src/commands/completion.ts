import { setTimeout as sleep } from "node:timers/promises";
import { Argument, type Command } from "commander";
import { type Candidate, candidatesFor, completionScript, SHELLS, type Shell } from "../completion/index.js";
import { isUrl } from "../config/index.js";
import { applyProjectConfig } from "./flags.js";
import type { Output } from "./output.js";

/** Time limit for the whole process, and the minimum time for reading the journal, ms. Without candidates, the shell completes file names. */
const TIME_LIMIT_MS = 280;
const MIN_READING_MS = 200;
/** Columns of a description. */
const MAX_DESCRIPTION = 60;

const EXAMPLES = `
To complete commands, flags and push ids in each new shell, add a line to its startup file:
  bash        ~/.bashrc                  eval "$(airudder-devproxy completion bash)"
  zsh         ~/.zshrc                   eval "$(airudder-devproxy completion zsh)"
  fish        ~/.config/fish/config.fish airudder-devproxy completion fish | source
  powershell  $PROFILE                   airudder-devproxy completion powershell | Out-String | Invoke-Expression

Examples:
  airudder-devproxy completion zsh > ~/.zsh/completions/_airudder-devproxy
  airudder-devproxy completion fish > ~/.config/fish/completions/airudder-devproxy.fish`;

export function addCompletion(program: Command, { out }: Output): void {
  program
    .command("completion")
    .description("print a script that completes commands, flags and values in a shell")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action((shell: Shell) => out.write(completionScript(shell)));
}

/**
 * The hidden command `complete`, which the scripts run: prints the candidates for the last word, one per line, with a description after a
 * tab. Prints no errors, and ends the process.
 * @param words what follows `complete`: the words of the command line up to the cursor, after an optional `--`
 */
export async function complete(program: Command, words: readonly string[], { out }: Output): Promise<never> {
  const line = words[0] === "--" ? words.slice(1) : words;
  const typed = [...line.slice(0, -1), (line.at(-1) ?? "").trim()];
  const found = candidatesFor(program, typed, { defaultCommand: "listen", journalOf }).catch(() => []);
  // `performance.now()` counts from the start of the process.
  const limitMs = Math.max(MIN_READING_MS, TIME_LIMIT_MS - performance.now());
  const candidates = await Promise.race([found, sleep(limitMs, [] as Candidate[])]);
  for (const { value, description } of candidates)
    out.line(description ? `${value}\t${shortened(description)}` : value);
  await out.flush();
  process.exit(0);
}

/** The folder of the journal; `undefined` for an inbox in a database, because reading it would be too slow. */
function journalOf(command: Command, given: string | undefined): string | undefined {
  if (given === undefined) applyProjectConfig(command);
  const journal =
    given ?? (process.env.AIRUDDER_JOURNAL || undefined) ?? (command.getOptionValue("journal") as string | undefined);
  return journal === undefined || isUrl(journal) ? undefined : journal;
}

/** The first part of a description, on one line. */
function shortened(description: string): string {
  const [first = ""] = description.split(/[;\n\t]/, 1);
  return first.length <= MAX_DESCRIPTION ? first : `${first.slice(0, MAX_DESCRIPTION - 3)}...`;
}
