import type { Inbox } from "../../inbox/inbox.js";
import { deferred, expectEqual, nameOf, pushOf, type Rule, recorder, type Trial } from "./trial.js";

const replayOf = (name: string) => pushOf("a", name, { replay: "recorded" });

/** The result of a replay, or the message of its error. */
function replayed(trial: Trial, inbox: Inbox<unknown>, name: string): Promise<string> | undefined {
  const result = inbox.replay?.(replayOf(name)).catch((error: Error) => error.message);
  return result && trial.within("replay() settles", result);
}

export const replays: readonly Rule[] = [
  {
    name: "replay() makes one attempt, returns its result, and stores nothing",
    async check(trial) {
      const reported: string[] = [];
      const report = (what: string) => () => void reported.push(what);
      const { consumer, attempts } = recorder((name) => {
        if (name === "failed") throw new Error("the handler's error");
        return name;
      });
      const first = await trial.open({ consumer, events: { failed: report("failed"), dead: report("dead") } });
      if (first.replay === undefined) return;
      const results = [];
      for (const name of ["handled", "ignored", "failed"]) results.push(await replayed(trial, first, name));
      expectEqual("replay()", results, ["handled", "ignored", "the handler's error"]);
      await trial.settle();
      expectEqual("Reported", reported, []);
      await trial.close(first);
      const second = await trial.open({ keepStorage: true, consumer });
      await trial.settle();
      expectEqual(
        "Attempts",
        attempts.map(({ push }) => nameOf(push)),
        ["handled", "ignored", "failed"],
      );
      expectEqual(
        "Dead",
        ((await second.dead?.()) ?? []).map(({ id }) => id),
        [],
      );
    },
  },
  {
    name: "a replay runs after the earlier pushes of its subject; without `order`: once",
    async check(trial) {
      const end = deferred();
      const { consumer, attempts } = recorder((name) => (name === "running" ? end.promise : undefined));
      const inbox = await trial.open({ consumer });
      if (inbox.replay === undefined) return;
      await trial.put(inbox, pushOf("a", "running"), pushOf("a", "waiting"));
      await trial.until("the push is passed to the consumer", () => attempts.length > 0);
      const replaying = replayed(trial, inbox, "replay");
      await trial.settle();
      end.resolve();
      await replaying;
      await trial.until("three attempts", () => attempts.length >= 3);
      const started = attempts.map(({ push }) => nameOf(push));
      const hasOrder = inbox.capabilities?.order !== false;
      expectEqual(
        "Attempts",
        hasOrder ? started : started.sort(),
        hasOrder ? ["running", "waiting", "replay"] : ["replay", "running", "waiting"],
      );
    },
  },
];
