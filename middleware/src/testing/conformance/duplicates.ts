import type { StoredPush } from "../../inbox/inbox.js";
import { expectEqual, pushOf, type Rule, recorder } from "./trial.js";

/** Pushes of which none equals the last push of its subject. */
const DIFFERENT: readonly StoredPush[] = [
  pushOf("a", "A"),
  pushOf("a", "B"),
  pushOf("a", "A"),
  pushOf("b", "A"),
  pushOf("a", "B"),
  pushOf(undefined, "A", { type: "workflow.status" }),
  pushOf(undefined, "A", { type: "custom_node.push" }),
];

export const duplicates: readonly Rule[] = [
  {
    name: "a duplicate is not passed to the consumer, if put() detects it",
    async check(trial) {
      const { consumer, attempts } = recorder();
      const inbox = await trial.open({ consumer });
      await trial.put(inbox, pushOf("a", "same"));
      const result: unknown = await trial.within("put() resolves", inbox.put(pushOf("a", "same")));
      if (result !== "stored" && result !== "duplicate")
        throw new Error(`put() resolved to ${String(result)}, not to "stored" or "duplicate".`);
      if (result === "stored" && inbox.detectsDuplicates === true)
        throw new Error('put() of a duplicate resolved to "stored", although detectsDuplicates is true.');
      await trial.put(inbox, pushOf("a", "last"));
      const expected = result === "stored" ? 3 : 2;
      await trial.until(`${expected} pushes are passed to the consumer`, () => attempts.length >= expected);
      await trial.settle();
      if (attempts.length > expected)
        throw new Error(`put() resolved to "${result}", and ${attempts.length} pushes were passed.`);
    },
  },
  {
    name: "only a push that equals the last push of its subject or type is a duplicate",
    async check(trial) {
      const { consumer, handled } = recorder();
      const inbox = await trial.open({ consumer });
      await trial.put(
        inbox,
        ...DIFFERENT.map((push) => pushOf(push.subject, push.body.toString(), { type: push.type })),
      );
      const count = DIFFERENT.length;
      await trial.until(`${count} pushes are handled`, () => handled.length >= count);
    },
  },
  {
    name: "only a push that arrives within the window is a duplicate",
    async check(trial) {
      const inbox = await trial.open();
      const put = (windowMs: number) => trial.within("put() resolves", inbox.put(pushOf("a", "same"), windowMs));
      const results: string[] = [await put(3_600_000), await put(0)];
      await new Promise((resolve) => setTimeout(resolve, 30));
      results.push(await put(10));
      expectEqual("put() after the window resolved to", results, ["stored", "stored", "stored"]);
    },
  },
  {
    name: "with `detectsDuplicates`, finished pushes and those of an earlier inbox have duplicates, too",
    async check(trial) {
      const { consumer, handled } = recorder();
      const first = await trial.open({ consumer });
      if (first.detectsDuplicates !== true) return;
      const pushes = () => [pushOf("a", "A"), pushOf(undefined, "B", { type: "workflow.status" })];
      await trial.put(first, ...pushes());
      await trial.until("two pushes are handled", () => handled.length === 2);
      const results: string[] = [];
      for (const push of pushes()) results.push(await trial.within("put() resolves", first.put(push)));
      await trial.close(first);
      const second = await trial.open({ keepStorage: true });
      for (const push of pushes()) results.push(await trial.within("put() resolves", second.put(push)));
      expectEqual(
        "put() of duplicates resolved to",
        results,
        Array.from({ length: 4 }, () => "duplicate"),
      );
    },
  },
  {
    name: "with `detectsDuplicates`, one of several equal pushes that arrive at once is stored; with `shared`, in two inboxes",
    async check(trial) {
      const { consumer, handled } = recorder();
      const first = await trial.open({ consumer });
      if (first.detectsDuplicates !== true) return;
      const isShared = first.capabilities?.shared === true;
      const second = isShared ? await trial.open({ keepStorage: true, consumer }) : first;
      const names = Array.from({ length: 10 }, (_, i) => `push ${i}`);
      const results = await Promise.all(
        names.map(async (name) => {
          const puts = [first, second, first].map((inbox) =>
            trial.within("put() resolves", inbox.put(pushOf(`subject ${name}`, name))),
          );
          return (await Promise.all(puts)).sort().join(" ");
        }),
      );
      expectEqual(
        "Three equal pushes",
        results,
        names.map(() => "duplicate duplicate stored"),
      );
      await trial.until("each push is handled", () => new Set(handled).size === names.length);
      await trial.settle();
      expectEqual("Handled", [...handled].sort(), names);
    },
  },
];
