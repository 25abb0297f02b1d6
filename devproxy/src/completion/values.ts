import { TYPE_NAMES } from "airudder-webhooks/inspect";
import { Argument, type Option } from "commander";
import { OUTCOME_NAMES } from "../campaign/index.js";
import { TUNNEL_KINDS } from "../config/index.js";
import { STATUSES } from "../journal/index.js";
import { TEST_TYPES } from "../trigger/index.js";
import type { Candidate } from "./candidate.js";
import { deadIds, pinCandidates, pushIds } from "./journal-values.js";
import { setCandidates } from "./set-paths.js";

/** The command line before the cursor. */
export interface CompletionContext {
  /** Name of the command. */
  command: string;
  /** All words before the cursor. */
  words: readonly string[];
  /** The arguments before the cursor. */
  operands: readonly string[];
  /** The journal that the command reads. */
  journal(): string | undefined;
}

type Source = (word: string, context: CompletionContext) => Candidate[] | Promise<Candidate[]>;

const named = (names: readonly string[]): Candidate[] => names.map((value) => ({ value }));

const types: Source = () => named(TYPE_NAMES);
const ids: Source = (word, { journal }) => pushIds(journal(), word);
const idsOfDead: Source = (word, { journal }) => deadIds(journal(), word);

const tunnels: Source = () =>
  Object.entries<{ value: string }>(TUNNEL_KINDS).map(([kind, { value }]) => ({
    value: value.includes(":") ? `${kind}:` : kind,
    description: value,
  }));

const scenarios: Source = async (_, { operands }) => {
  // Imported here, because the other commands do not need them.
  const { drillScenarios } = await import("airudder-webhooks/testing");
  return drillScenarios
    .filter(({ name }) => !operands.includes(name))
    .map(({ name, description }) => ({ value: name, description }));
};

/** The outcomes of a campaign after the last comma, without those before it. */
const mix: Source = (word) => {
  const before = word.slice(0, word.lastIndexOf(",") + 1);
  const used = before.split(",").map((part) => part.split("=", 1)[0]);
  return OUTCOME_NAMES.filter((name) => !used.includes(name)).map((name) => ({ value: `${before}${name}=` }));
};

/** The values of flags that are not limited to choices. */
const FLAGS: Readonly<Record<string, Source>> = {
  "--type": types,
  "--status": () => named(STATUSES),
  "--tunnel": tunnels,
  "--set": (word, { words }) => setCandidates(word, words),
  "--from": ids,
  "--mix": mix,
  "--remove": (_, { journal }) => pinCandidates(journal()),
  "--retry": idsOfDead,
  "--drop": idsOfDead,
};

/** The values of arguments that are not limited to choices, by the name of the argument, or of the command and the argument. */
const ARGUMENTS: Readonly<Record<string, Source>> = {
  id: ids,
  scenario: scenarios,
  trigger: async (_, { journal, operands }) =>
    operands.length > 0
      ? []
      : [
          ...named(TEST_TYPES),
          { value: "campaign", description: "a fictitious workflow" },
          ...(await pinCandidates(journal(), "@")),
        ],
};

/** The values of a flag or an argument. Empty if they are not known, for example for a file. */
export async function valuesOf(
  target: Option | Argument,
  word: string,
  context: CompletionContext,
): Promise<Candidate[]> {
  if (target.argChoices !== undefined) return named(target.argChoices);
  const [table, name] =
    target instanceof Argument
      ? [ARGUMENTS, Object.hasOwn(ARGUMENTS, context.command) ? context.command : target.name()]
      : [FLAGS, target.long ?? ""];
  return Object.hasOwn(table, name) ? ((await table[name]?.(word, context)) ?? []) : [];
}
