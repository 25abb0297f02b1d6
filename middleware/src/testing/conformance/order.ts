import { expectEqual, nameOf, pushOf, type Rule, recorder } from "./trial.js";

export const order: readonly Rule[] = [
  {
    name: "pushes of one subject are passed to the consumer one at a time, in order; without `order`: once each",
    async check(trial) {
      let running = 0;
      let overlapped = false;
      const { consumer, handled } = recorder(async (name, { number }) => {
        overlapped ||= running > 0;
        running++;
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        if (name === "2" && number === 1) throw new Error("not yet");
      });
      const inbox = await trial.open({ consumer });
      const names = ["1", "2", "3", "4"];
      await trial.put(inbox, ...names.map((name) => pushOf("a", name)));
      await trial.until("four pushes are handled", () => new Set(handled).size === names.length);
      await trial.settle();
      if (inbox.capabilities?.order === false) expectEqual("Handled", [...handled].sort(), names);
      else if (overlapped || handled.join() !== names.join())
        throw new Error(`Handled ${handled.join()}${overlapped ? ", two in parallel" : ""}.`);
    },
  },
  {
    name: "the next inbox keeps the order of the pushes of one subject; without `order`: passes each once",
    async check(trial) {
      const first = await trial.open();
      const names = Array.from({ length: 12 }, (_, i) => `${i % 2 ? "odd" : "even"} ${String(i).padStart(2, "0")}`);
      const subjectOf = (name: string): string => name.split(" ")[0] as string;
      await trial.put(first, ...names.map((name) => pushOf(subjectOf(name), name)));
      await trial.close(first);
      const { consumer, attempts, handled } = recorder(() => new Promise<void>((resolve) => setImmediate(resolve)));
      const second = await trial.open({ keepStorage: true, consumer });
      await trial.until("twelve pushes are handled", () => new Set(handled).size === names.length);
      await trial.settle();
      expectEqual("Handled", [...handled].sort(), [...names].sort());
      if (second.capabilities?.order === false) return;
      for (const subject of ["odd", "even"]) {
        const started = attempts.map(({ push }) => nameOf(push)).filter((name) => subjectOf(name) === subject);
        expectEqual(
          "Order",
          started,
          names.filter((name) => subjectOf(name) === subject),
        );
      }
    },
  },
];
