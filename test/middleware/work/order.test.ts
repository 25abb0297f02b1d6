import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";

test("handlers run in sequence: those of the type in the order of registration, then those of *", async (t) => {
  const receiver = airudder({ key: KEY, warnings: false });
  t.after(() => receiver.close());
  const steps: string[] = [];
  const handler = (name: string) => async () => {
    steps.push(`${name} starts`);
    await new Promise((resolve) => setImmediate(resolve));
    steps.push(`${name} ends`);
  };
  receiver.on("*", handler("all 1"));
  receiver.on("call.completed", handler("call 1"));
  receiver.on("*", () => void steps.push("all 2"));
  receiver.on("call.completed", () => void steps.push("call 2"));
  receiver.on("call.completed", handler("call 3"));
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  assert.deepEqual(steps, [
    "call 1 starts",
    "call 1 ends",
    "call 2",
    "call 3 starts",
    "call 3 ends",
    "all 1 starts",
    "all 1 ends",
    "all 2",
  ]);
});
