import type { Attempt } from "../../inbox/inbox.js";
import type { TransactionEffects } from "./options.js";
import { expectEqual, pushOf, type Rule, recorder, type Trial } from "./trial.js";

export const transaction: readonly Rule[] = [
  {
    name: "`Attempt.transaction` exists only with the capability `transaction`",
    async check(trial) {
      const { consumer, attempts } = recorder((_, { number }) => {
        if (number === 1) throw new Error("not yet");
      });
      const inbox = await trial.open({ consumer });
      await trial.put(inbox, pushOf("a", "{}"));
      await trial.until("two attempts", () => attempts.length >= 2);
      const isExpected = inbox.capabilities?.transaction === true;
      for (const { attempt } of attempts) {
        if (!isExpected && attempt.transaction !== undefined)
          throw new Error("The consumer got a transaction, although capabilities.transaction is not set.");
        if (isExpected && attempt.transaction === undefined)
          throw new Error("The consumer got no transaction, although capabilities.transaction is set.");
      }
    },
  },
  {
    name: "with `transaction`, the writes of a handled push are committed once, and those of a failed attempt are not",
    async check(trial) {
      const write = async (name: string, attempt: Attempt<unknown>): Promise<void> => {
        await effectsOf(trial).write(attempt.transaction, `${name} ${attempt.number}`);
        if (name === "never" || (name === "late" && attempt.number === 1)) throw new Error("not yet");
      };
      let deadCount = 0;
      const first = await trial.open({ consumer: recorder(write).consumer, events: { dead: () => void deadCount++ } });
      if (first.capabilities?.transaction !== true) return;
      effectsOf(trial);
      await trial.put(first, pushOf("a", "late"), pushOf("b", "never"), pushOf("c", "first"));
      await trial.until("one push is dead", () => deadCount === 1);
      await expectEffects(trial, ["first 1", "late 2"]);
      await trial.settle();
      await trial.close(first);
      await trial.open({ keepStorage: true, consumer: recorder(write).consumer });
      await trial.settle();
      await expectEffects(trial, ["first 1", "late 2"]);
    },
  },
  {
    name: "with `transaction`, the writes of an attempt that a crash interrupts are committed once, by the next attempt",
    async check(trial) {
      let isWritten = false;
      const interrupted = recorder(async (name, attempt) => {
        await effectsOf(trial).write(attempt.transaction, name);
        isWritten = true;
        await new Promise(() => undefined);
      });
      const first = await trial.open({ consumer: interrupted.consumer });
      if (first.capabilities?.transaction !== true) return;
      effectsOf(trial);
      await trial.put(first, pushOf("a", "effect"));
      await trial.until("the handler has written", () => isWritten);
      await trial.crash(first);
      const next = recorder(async (name, attempt) => void (await effectsOf(trial).write(attempt.transaction, name)));
      await trial.open({ keepStorage: true, consumer: next.consumer });
      await trial.until("the push is handled", () => next.handled.length > 0);
      await trial.settle();
      await expectEffects(trial, ["effect"]);
    },
  },
];

function effectsOf({ effects }: Trial): TransactionEffects<unknown> {
  if (effects !== undefined) return effects;
  throw new Error('Pass the option "effects", such as { write, read }, so that the suite can check transactions.');
}

async function expectEffects(trial: Trial, expected: readonly string[]): Promise<void> {
  let effects: readonly string[] = [];
  await trial
    .until("the writes are committed", async () => {
      effects = [...(await effectsOf(trial).read())].sort();
      return effects.length >= expected.length;
    })
    .catch(() => undefined);
  expectEqual("Committed writes", effects, expected);
}
