import { expectEqual, nameOf, pushOf, type Rule, recorder } from "./trial.js";

export const shared: readonly Rule[] = [
  {
    name: "with `shared`, one of several consumers handles each push, whichever inbox stored it; without, a second inbox does not disturb the first",
    async check(trial) {
      const both = recorder(() => new Promise<void>((resolve) => setTimeout(resolve, 3)));
      const first = await trial.open({ consumer: both.consumer });
      const isShared = first.capabilities?.shared === true;
      const opening = trial.open({ keepStorage: true, ...(isShared ? { consumer: both.consumer } : {}) });
      const second = isShared ? await opening : await opening.catch(() => undefined);
      const names = Array.from({ length: 20 }, (_, i) => String(i).padStart(2, "0"));
      for (const [i, name] of names.entries())
        await trial.put(isShared && i % 2 && second ? second : first, pushOf(`subject ${i % 3}`, name));
      await trial.until("20 pushes are handled", () => new Set(both.handled).size === names.length);
      await trial.settle();
      expectEqual("Handled", [...both.handled].sort(), names);
      if (first.capabilities?.order === false) return;
      for (const subject of [0, 1, 2]) {
        const expected = names.filter((name) => Number(name) % 3 === subject);
        const started = both.attempts.map(({ push }) => nameOf(push)).filter((name) => expected.includes(name));
        expectEqual("Order over two inboxes", started, expected);
      }
    },
  },
  {
    name: "with `shared`, an inbox that only stores gets its pushes handled by another",
    async check(trial) {
      const storing = await trial.open();
      if (storing.capabilities?.shared !== true) return;
      await trial.put(storing, pushOf("a", "before"));
      const { consumer, handled } = recorder();
      await trial.open({ keepStorage: true, consumer });
      await trial.put(storing, pushOf("a", "after"));
      await trial.until("both pushes are handled", () => handled.length >= 2);
      await trial.settle();
      expectEqual("Handled", [...handled].sort(), ["after", "before"]);
    },
  },
  {
    name: "with `shared`, the pushes of an inbox that crashes are handled by another that is open",
    async check(trial) {
      const crashing = recorder(() => new Promise(() => undefined));
      const first = await trial.open({ consumer: crashing.consumer });
      if (first.capabilities?.shared !== true) return;
      const second = await trial.open({ keepStorage: true });
      await trial.put(first, pushOf("a", "running"), pushOf("a", "waiting"));
      await trial.until("the push is passed to the consumer", () => crashing.attempts.length > 0);
      await trial.crash(first);
      const { consumer, handled } = recorder();
      second.consume(consumer);
      await trial.until("both pushes are handled", () => new Set(handled).size === 2);
      await trial.settle();
      if (second.capabilities?.order !== false) expectEqual("Handled", handled, ["running", "waiting"]);
    },
  },
  {
    name: "with `shared`, an inbox lists, retries and drops the dead pushes of the others",
    async check(trial) {
      let isFixed = false;
      const { consumer, handled } = recorder(() => {
        if (!isFixed) throw new Error("never");
      });
      const working = await trial.open({ consumer });
      if (working.capabilities?.shared !== true) return;
      const storing = await trial.open({ keepStorage: true });
      const pushes = [pushOf("a", "retried"), pushOf("b", "dropped")];
      await trial.put(working, ...pushes);
      const [retried, dropped] = pushes.map(({ id }) => id) as [string, string];
      const listed = async () => ((await storing.dead?.()) ?? []).map(({ id }) => id);
      if (storing.dead !== undefined) await trial.until("dead() lists both", async () => (await listed()).length === 2);
      isFixed = true;
      if (storing.drop !== undefined)
        await trial.until("drop() resolves to true", async () => (await storing.drop?.(dropped)) === true);
      if (storing.retry !== undefined) {
        await trial.until("retry() resolves to true", async () => (await storing.retry?.(retried)) === true);
        await trial.until("the other inbox handles the retried push", () => handled.length > 0);
      }
      await trial.settle();
      if (storing.retry !== undefined) expectEqual("Handled", handled, ["retried"]);
      if (storing.dead !== undefined && storing.drop !== undefined)
        expectEqual("Dead", await listed(), storing.retry ? [] : [retried]);
    },
  },
];
