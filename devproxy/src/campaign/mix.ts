import { mostSimilar } from "../config/index.js";
import { usageError } from "../errors.js";
import { isOutcomeName, OUTCOME_NAMES, type OutcomeName } from "./outcomes.js";

/** Weight of each outcome. An outcome without a weight does not occur. */
export type Mix = Readonly<Partial<Record<OutcomeName, number>>>;

const EXAMPLE = "Give outcomes with weights, such as answered=40,no-answer=35,busy=15,switched-off=10.";

/**
 * Parses the value of `--mix`, such as `answered=40,no-answer=35,busy=25`. The weights need not add up to 100.
 * @throws DevproxyError `usage`, naming the wrong word
 */
export function parseMix(text: string): Mix {
  const mix: { [name in OutcomeName]?: number } = {};
  for (const part of text.split(",")) {
    const [, word = "", weight = ""] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    if (word === "") throw usageError(`--mix: "${part.trim()}" is not outcome=weight. ${EXAMPLE}`);
    if (!isOutcomeName(word)) throw usageError(`--mix: "${word}" is not an outcome. ${adviceFor(word)}`);
    if (mix[word] !== undefined) throw usageError(`--mix: "${word}" occurs twice. Give each outcome once.`);
    if (!/^\d{1,6}(\.\d{1,6})?$/.test(weight)) {
      throw usageError(
        `--mix: the weight "${weight}" of ${word} is not a number from 0 to 999999, such as ${word}=40.`,
      );
    }
    mix[word] = Number(weight);
  }
  if (totalWeight(mix) === 0) throw usageError("--mix: every weight is 0. Give at least one outcome a weight above 0.");
  return mix;
}

function adviceFor(word: string): string {
  const similar = mostSimilar(word, OUTCOME_NAMES);
  return similar === undefined ? `Outcomes: ${OUTCOME_NAMES.join(", ")}.` : `Did you mean "${similar}"?`;
}

/** Sum of all weights. */
export function totalWeight(mix: Mix): number {
  return OUTCOME_NAMES.reduce((sum, name) => sum + (mix[name] ?? 0), 0);
}

/**
 * Distributes contacts over the outcomes in proportion to their weights. The result adds up to `contacts`, and each number differs from its
 * exact share by less than 1 (method of the largest remainder; of equal remainders, the first in the order of the outcomes).
 */
export function apportion(contacts: number, mix: Mix): Record<OutcomeName, number> {
  const total = totalWeight(mix);
  const shares = OUTCOME_NAMES.map((name) => {
    const product = contacts * (mix[name] ?? 0);
    // Unlike a quotient, the remainder of two numbers is exact. Equal remainders are recognized as equal.
    const remainder = product % total;
    return { name, count: Math.round((product - remainder) / total), remainder };
  });
  let rest = contacts - shares.reduce((sum, { count }) => sum + count, 0);
  for (const share of shares.toSorted((a, b) => b.remainder - a.remainder)) {
    if (rest-- > 0) share.count++;
  }
  return Object.fromEntries(shares.map(({ name, count }) => [name, count])) as Record<OutcomeName, number>;
}
