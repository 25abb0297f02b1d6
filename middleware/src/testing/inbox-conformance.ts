import { attempts } from "./conformance/attempts.js";
import { closing } from "./conformance/closing.js";
import { dead } from "./conformance/dead.js";
import { description } from "./conformance/description.js";
import { duplicates } from "./conformance/duplicates.js";
import type { CheckedOptions, ConformanceCase, ConformanceOptions } from "./conformance/options.js";
import { order } from "./conformance/order.js";
import { replays } from "./conformance/replays.js";
import { shared } from "./conformance/shared.js";
import { storing } from "./conformance/storing.js";
import { transaction } from "./conformance/transaction.js";
import { type Rule, Trial } from "./conformance/trial.js";

const RULES: readonly Rule[] = [
  ...storing,
  ...attempts,
  ...order,
  ...dead,
  ...closing,
  ...duplicates,
  ...shared,
  ...transaction,
  ...replays,
  ...description,
];

/**
 * The rules of `Inbox` as test cases, for any test runner. Each case checks what the inbox says about itself in `capabilities` and
 * `detectsDuplicates`. An optional function, such as `retry`, is checked if the inbox has it.
 * @example
 * let rows = new Map();
 * const make = (keepStorage: boolean) => new MyInbox(keepStorage ? rows : (rows = new Map()));
 * const crash = () => { rows = new Map(rows); }; // the crashed inbox no longer changes what is stored
 * for (const { name, run } of inboxConformance({ make, crash })) test(name, run);
 */
export function inboxConformance<Transaction = undefined>(options: ConformanceOptions<Transaction>): ConformanceCase[] {
  const {
    make,
    crash = (inbox) => inbox.close(0),
    effects,
    timeoutMs = 5_000,
  } = options as ConformanceOptions<unknown>;
  const checked: CheckedOptions = { make, crash, effects, timeoutMs };
  return RULES.map(({ name, check }) => ({
    name,
    async run() {
      const trial = new Trial(checked);
      await check(trial).then(
        () => trial.end(),
        async (error) => {
          await trial.end().catch(() => undefined);
          throw error;
        },
      );
    },
  }));
}
