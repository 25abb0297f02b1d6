import { type DeadPush, type Inbox, Quarantined, type StoredPush } from "../../inbox/inbox.js";
import { deferred, expectEqual, nameOf, pushOf, type Recorder, type Rule, recorder, type Trial } from "./trial.js";

/** A consumer that fails for "dead…" and quarantines "quarantined…". After `fix`, it handles both. */
function failing(): Recorder & { fix(): void } {
  let isFixed = false;
  const all = recorder((name) => {
    if (isFixed) return;
    if (name.startsWith("quarantined")) throw new Quarantined();
    if (name.startsWith("dead")) throw new Error("never");
  });
  const fix = (): void => {
    isFixed = true;
  };
  return { ...all, fix };
}

const isOf =
  (name: string) =>
  ({ push }: { readonly push: StoredPush }): boolean =>
    nameOf(push) === name;

async function deadPushes(trial: Trial, inbox: Inbox<unknown>, count: number): Promise<readonly DeadPush[]> {
  let found: readonly DeadPush[] = [];
  await trial.until(`dead() lists ${count} pushes`, async () => {
    found = (await inbox.dead?.()) ?? [];
    return found.length === count;
  });
  return found;
}

async function expectResult(trial: Trial, what: string, promise: Promise<boolean>, expected: boolean): Promise<void> {
  const result: unknown = await trial.within(`${what} resolves`, promise);
  if (result !== expected) throw new Error(`${what} resolved to ${String(result)}, not to ${expected}.`);
}

export const dead: readonly Rule[] = [
  {
    name: "dead() lists dead and quarantined pushes, also in the next inbox",
    async check(trial) {
      const { consumer, attempts } = failing();
      const first = await trial.open({ consumer });
      if (first.dead === undefined) return;
      const receivedAt = new Date("2024-02-29T12:00:00.500Z");
      const pushes = [
        pushOf("a", "dead", { type: "call.completed", receivedAt }),
        pushOf("b", "quarantined", { type: "dialer.task", receivedAt, quarantined: true }),
      ];
      await trial.put(first, ...pushes, pushOf("c", "handled"));
      const check = async (inbox: Inbox<unknown>): Promise<void> => {
        const found = await deadPushes(trial, inbox, 2);
        for (const [i, { id, type, quarantined }] of pushes.entries()) {
          const count = attempts.filter(({ push }) => push.id === id).length;
          const state = i === 0 ? "dead" : "quarantined";
          const listed = found.find((each) => each.id === id);
          const values = (each: Omit<DeadPush, "error"> | undefined) =>
            [each?.state, each?.type, each?.receivedAt.toISOString(), each?.quarantined, each?.attempts].join(" ");
          const expected = { id, type, receivedAt, state, quarantined, attempts: count } as const;
          expectEqual("dead() lists", [values(listed)], [values(expected)]);
          if (listed?.error === undefined || listed.error === "")
            throw new Error(`dead() lists a ${state} push without the message of its failure.`);
          const one = await trial.within("dead(id) resolves", inbox.dead?.(id) ?? []);
          expectEqual(
            "dead(id)",
            one.map((each) => each.id),
            [id],
          );
        }
        const none = await trial.within("dead(id) resolves", inbox.dead?.("no such id") ?? []);
        expectEqual(
          "dead() of an unknown id",
          none.map(({ id }) => id),
          [],
        );
      };
      await check(first);
      await trial.close(first);
      await check(await trial.open({ keepStorage: true }));
    },
  },
  {
    name: "retry() passes a dead or quarantined push to the consumer again, with attempts from 1",
    async check(trial) {
      const { consumer, attempts, handled, fix } = failing();
      const inbox = await trial.open({ consumer });
      const { retry } = inbox;
      if (retry === undefined) return;
      const pushes = [pushOf("a", "dead"), pushOf("b", "quarantined")];
      await trial.put(inbox, ...pushes);
      if (inbox.dead !== undefined) await deadPushes(trial, inbox, 2);
      await trial.until(
        "both pushes are passed to the consumer",
        () => attempts.some(isOf("dead")) && attempts.some(isOf("quarantined")),
      );
      await trial.settle();
      fix();
      const before = attempts.length;
      for (const { id } of pushes) await expectResult(trial, "retry()", retry.call(inbox, id), true);
      await trial.until("both pushes are handled", () => handled.length >= 2);
      await trial.settle();
      const retried = attempts.slice(before).map(({ push, attempt }) => {
        return `${nameOf(push)} ${attempt.number} ${attempt.isRetry === true}`;
      });
      expectEqual("Attempts after retry() (number, isRetry)", retried.sort(), ["dead 1 true", "quarantined 1 true"]);
      if (inbox.dead !== undefined) await deadPushes(trial, inbox, 0);
      for (const id of [...pushes.map((push) => push.id), "no such id"])
        await expectResult(trial, "retry() of a push that is not dead", retry.call(inbox, id), false);
    },
  },
  {
    name: "a retried push runs after the later pushes of its subject; without `order`: once",
    async check(trial) {
      const stored = deferred();
      let isFixed = false;
      let isDead = false;
      const { consumer, handled, attempts } = recorder(async (name) => {
        if (name === "dead" && !isFixed) throw new Error("never");
        if (name === "later 1") await stored.promise;
      });
      const inbox = await trial.open({
        consumer,
        events: {
          dead: () => {
            isDead = true;
          },
        },
      });
      if (inbox.retry === undefined) return;
      const push = pushOf("a", "dead");
      await trial.put(inbox, push);
      await trial.until("the push is dead", () => isDead);
      await trial.put(inbox, pushOf("a", "later 1"), pushOf("a", "later 2"));
      await trial.until("the later push is passed", () => attempts.some(isOf("later 1")));
      isFixed = true;
      await trial.until("the push can be retried", async () => (await inbox.retry?.(push.id)) === true);
      stored.resolve();
      await trial.until("three pushes are handled", () => new Set(handled).size === 3);
      await trial.settle();
      const hasOrder = inbox.capabilities?.order !== false;
      expectEqual(
        "Handled",
        hasOrder ? handled : [...handled].sort(),
        hasOrder ? ["later 1", "later 2", "dead"] : ["dead", "later 1", "later 2"],
      );
    },
  },
  {
    name: "drop() discards a dead or quarantined push",
    async check(trial) {
      const { consumer, attempts } = failing();
      const first = await trial.open({ consumer });
      const { drop } = first;
      if (drop === undefined) return;
      const pushes = [pushOf("a", "dead"), pushOf("b", "quarantined")];
      await trial.put(first, ...pushes, pushOf("c", "dead too"));
      if (first.dead !== undefined) await deadPushes(trial, first, 3);
      for (const { id } of pushes) await trial.until("drop() resolves to true", () => drop.call(first, id));
      for (const id of [...pushes.map((push) => push.id), "no such id"])
        await expectResult(trial, "drop() of a push that is not dead", drop.call(first, id), false);
      if (first.dead !== undefined) await deadPushes(trial, first, 1);
      await trial.close(first);
      const before = attempts.length;
      const second = await trial.open({ keepStorage: true, consumer });
      await trial.settle();
      if (second.dead !== undefined) await deadPushes(trial, second, 1);
      expectEqual(
        "Passed after drop()",
        attempts.slice(before).map(({ push }) => nameOf(push)),
        [],
      );
    },
  },
];
