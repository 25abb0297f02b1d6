import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { agentStatus, KEY, webRequest } from "../../helpers/push.js";

test("a push that nobody handles counts as handled: one warning says so, and what to do", async () => {
  const warned = once(process, "warning");
  const receiver = airudder({ key: KEY }).on("call.completed", () => {});
  assert.equal((await receiver.fetch(webRequest(agentStatus()))).status, 200);
  const [{ code, message }] = (await warned) as [Error & { code: string }];
  assert.equal(code, "AIRUDDER_UNHANDLED");
  assert.match(message, /type dialer\.agent .* receiver\.on\("dialer\.agent", handler\)/);
});
