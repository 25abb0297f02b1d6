import { deferred, expectEqual, nameOf, pushOf, type Rule, recorder } from "./trial.js";

const never = (): Promise<void> => new Promise(() => undefined);

export const closing: readonly Rule[] = [
  {
    name: "after close(), unfinished pushes are passed to the next inbox's consumer, and finished ones are not",
    async check(trial) {
      const before = recorder((name) => (name === "finished" ? undefined : never()));
      const first = await trial.open({ consumer: before.consumer });
      await trial.put(first, pushOf("a", "finished"));
      await trial.until("the first push is handled", () => before.handled.length === 1);
      await trial.put(first, pushOf("b", "unfinished"));
      await trial.until("the second push is passed to the consumer", () => before.attempts.length === 2);
      await trial.close(first, 10);
      if (before.attempts[1]?.attempt.signal.aborted !== true)
        throw new Error("close() did not abort the signal of a running attempt.");
      const { consumer, attempts } = recorder();
      await trial.open({ keepStorage: true, consumer });
      await trial.until("the unfinished push is passed to the consumer", () => attempts.length > 0);
      await trial.settle();
      expectEqual(
        "Passed to the consumer",
        attempts.map(({ push }) => nameOf(push)),
        ["unfinished"],
      );
    },
  },
  {
    name: "close() starts no more attempts, and waits for the running ones",
    async check(trial) {
      const end = deferred();
      const before = recorder(() => end.promise);
      const first = await trial.open({ consumer: before.consumer });
      await trial.put(first, pushOf("a", "running"), pushOf("a", "waiting"));
      await trial.until("the push is passed to the consumer", () => before.attempts.length > 0);
      await trial.settle();
      const started = before.attempts.length; // without order: two
      const closing = trial.close(first, 4_000);
      setTimeout(end.resolve, 50);
      await closing;
      if (before.handled.length < started) throw new Error("close() did not wait for a running attempt.");
      if (before.attempts.length > started) throw new Error("An attempt started after the call of close().");
      const { consumer, handled } = recorder();
      await trial.open({ keepStorage: true, consumer });
      const left = ["running", "waiting"].filter((name) => !before.handled.includes(name));
      await trial.until("the other pushes are handled", () => handled.length >= left.length);
      await trial.settle();
      expectEqual("Passed after close()", handled, left);
    },
  },
  {
    name: "after a crash, the next inbox handles every unfinished push, and keeps their order if it has `order`",
    async check(trial) {
      const before = recorder((name) => (name === "a finished" ? undefined : never()));
      const first = await trial.open({ consumer: before.consumer });
      await trial.put(first, pushOf("a", "a finished"));
      await trial.until("the first push is handled", () => before.handled.length === 1);
      await trial.settle(); // so that its end is stored
      const names = ["a running", "b running", "a waiting 1", "b waiting 1", "a waiting 2"];
      await trial.put(first, ...names.map((name) => pushOf(name.slice(0, 1), name)));
      await trial.until("two pushes are passed to the consumer", () => before.attempts.length >= 3);
      await trial.crash(first);
      const { consumer, attempts, handled } = recorder();
      const second = await trial.open({ keepStorage: true, consumer });
      await trial.until("every unfinished push is handled", () => names.every((name) => handled.includes(name)));
      await trial.settle();
      if (handled.length > names.length) throw new Error(`Handled after the crash: ${handled.join()}.`);
      if (second.capabilities?.order === false) return;
      for (const subject of ["a", "b"]) {
        const started = attempts.map(({ push }) => nameOf(push)).filter((name) => name.startsWith(subject));
        expectEqual(
          "Order after the crash",
          started,
          names.filter((name) => name.startsWith(subject)),
        );
      }
    },
  },
];
