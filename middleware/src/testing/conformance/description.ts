import type { InboxCapabilities } from "../../inbox/inbox.js";
import { deferred, pushOf, type Rule, recorder } from "./trial.js";

const CAPABILITIES: readonly (keyof InboxCapabilities)[] = ["order", "shared", "transaction"];

/** Rules for the capabilities that an inbox declares, and for `state()`. */
export const description: readonly Rule[] = [
  {
    name: "capabilities and detectsDuplicates are booleans",
    async check(trial) {
      const { capabilities = {}, detectsDuplicates } = await trial.open();
      for (const [name, value] of Object.entries({ ...capabilities, detectsDuplicates })) {
        if (name !== "detectsDuplicates" && !CAPABILITIES.includes(name as keyof InboxCapabilities))
          throw new Error(`Unknown capability "${name}". Capabilities: ${CAPABILITIES.join(", ")}.`);
        if (value !== undefined && typeof value !== "boolean")
          throw new Error(`"${name}" is ${typeof value}, not a boolean.`);
      }
    },
  },
  {
    name: "state() counts the queued and dead pushes, and knows the oldest",
    async check(trial) {
      const fixed = deferred();
      const { consumer, handled } = recorder((name) => {
        if (name === "dead") throw new Error("never");
        return fixed.promise;
      });
      const inbox = await trial.open({ consumer });
      if (inbox.state === undefined) return;
      const oldest = new Date(Date.now() - 60_000);
      await trial.put(inbox, pushOf("a", "old", { receivedAt: oldest }), pushOf("b", "new"), pushOf("c", "dead"));
      const is = (queued: number, from: Date | undefined) => (): boolean => {
        const state = inbox.state?.();
        const matches = state?.oldest?.getTime() === from?.getTime();
        return state?.open === true && state.queued === queued && state.dead === 1 && matches;
      };
      await trial.until("state(): two queued pushes, the oldest, and one dead push", is(2, oldest));
      fixed.resolve();
      await trial.until("two pushes are handled", () => handled.length === 2);
      await trial.until("state(): no queued push, and one dead push", is(0, undefined));
    },
  },
];
