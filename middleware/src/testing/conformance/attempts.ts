import { Quarantined } from "../../inbox/inbox.js";
import { deferred, expectEqual, pushOf, type Rule, recorder } from "./trial.js";

export const attempts: readonly Rule[] = [
  {
    name: "a failed push is passed to the consumer again with a higher attempt, and each failure is reported",
    async check(trial) {
      const reported: string[] = [];
      const { consumer, attempts } = recorder((_, { number }) => {
        if (number < 3) throw new Error("not yet");
      });
      const inbox = await trial.open({
        consumer,
        events: {
          failed: (_, attempt, error, delayMs) =>
            void reported.push(delayMs >= 0 ? `${attempt} ${(error as Error).message}` : `delay ${delayMs}`),
        },
      });
      await trial.put(inbox, pushOf("a", "{}"));
      await trial.until("three attempts", () => attempts.length >= 3);
      await trial.settle();
      const numbers = attempts.map(({ attempt }) => attempt.number);
      if (numbers.join() !== "1,2,3") throw new Error(`Attempts: ${numbers.join()}. Expected: 1,2,3.`);
      expectEqual("Attempts reported as failed", reported, ["1 not yet", "2 not yet"]);
    },
  },
  {
    name: "a quarantined push is not retried, and not reported as failed or dead",
    async check(trial) {
      const reported: string[] = [];
      const { consumer, attempts } = recorder(() => {
        throw new Quarantined();
      });
      const inbox = await trial.open({
        consumer,
        events: { failed: () => void reported.push("failed"), dead: () => void reported.push("dead") },
      });
      await trial.put(inbox, pushOf("a", "{}"));
      await trial.until("the push is passed to the consumer", () => attempts.length > 0);
      await trial.settle();
      if (attempts.length > 1)
        throw new Error(`A quarantined push was passed to the consumer ${attempts.length} times.`);
      if (reported.length > 0) throw new Error(`A quarantined push was reported as ${reported.join()}.`);
    },
  },
  {
    name: "a push whose attempts all fail is reported as dead once, and not passed again, also not by the next inbox",
    async check(trial) {
      const failed: number[] = [];
      const dead: number[] = [];
      const failing = recorder((name) => {
        if (name === "dead") throw new Error("never");
      });
      const first = await trial.open({
        consumer: failing.consumer,
        events: { failed: (_, attempt) => void failed.push(attempt), dead: (_, attempt) => void dead.push(attempt) },
      });
      await trial.put(first, pushOf("a", "dead"), pushOf("a", "later"));
      await trial.until("the push is dead", () => dead.length > 0);
      await trial.until("the later push of its subject is handled", () => failing.handled.includes("later"));
      await trial.settle();
      await trial.close(first);
      const next = recorder();
      await trial.open({ keepStorage: true, consumer: next.consumer });
      await trial.settle();
      const count = failing.attempts.length - 1;
      expectEqual("Attempts reported as dead", dead, [count]);
      expectEqual(
        "Attempts reported as failed",
        failed,
        Array.from({ length: count - 1 }, (_, i) => i + 1),
      );
      expectEqual("Passed to the next consumer", next.handled, []);
    },
  },
  {
    name: "a failing push does not delay the pushes of other subjects",
    async check(trial) {
      const stored = deferred();
      let isDead = false;
      const { consumer, attempts, handled } = recorder(async (name) => {
        await stored.promise;
        if (name === "failing") throw new Error("never");
        if (isDead) throw new Error("too late");
      });
      const inbox = await trial.open({
        consumer,
        events: {
          dead: () => {
            isDead = true;
          },
        },
      });
      await trial.put(inbox, pushOf("a", "failing"));
      await trial.until("the push is passed to the consumer", () => attempts.length > 0);
      await trial.put(inbox, pushOf("b", "other"));
      stored.resolve();
      await trial.until("the other push is handled, or the failing one is dead", () => isDead || handled.length > 0);
      if (handled.length === 0)
        throw new Error("A failing push delayed the push of another subject until it was dead.");
    },
  },
];
