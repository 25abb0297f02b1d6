import assert from "node:assert/strict";
import { test } from "node:test";
import { type AirudderEvent, airudder } from "airudder-webhooks";
import type { StoredPush } from "airudder-webhooks/inbox";
import { MemoryInbox } from "../../helpers/memory-inbox.js";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";

/** An inbox that another process has filled with the same push. */
class SharedInbox extends MemoryInbox {
  override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
    return push.quarantined ? super.put(push) : "duplicate";
  }
}

test("a push that put() reports as a duplicate gets 200, is reported as a duplicate, and is not handled", async (t) => {
  const events: AirudderEvent[] = [];
  let calls = 0;
  const inbox = new SharedInbox(new Map());
  const receiver = airudder({ key: KEY, warnings: false, inbox, observe: (event) => events.push(event) });
  t.after(() => receiver.close());
  receiver.on("*", () => calls++);
  const request = webRequest(callCompleted(), { "airudder-devproxy": "1" });
  const response = await receiver.fetch(request);
  const outcome = JSON.parse(response.headers.get("airudder-outcome") ?? "{}");
  assert.deepEqual([response.status, outcome.result, outcome.duplicate], [200, "duplicate", true]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([events.map(({ event }) => event), calls, inbox.rows.size], [["duplicate"], 0, 0]);
  assert.deepEqual([receiver.stats().duplicates, receiver.stats().accepted], [1, 0]);
});

test("a put() that resolves to another value rejects the push and names the values", async (t) => {
  const events: AirudderEvent[] = [];
  const inbox = new MemoryInbox(new Map());
  inbox.put = async () => undefined as never;
  const receiver = airudder({ key: KEY, warnings: false, inbox, observe: (event) => events.push(event) });
  t.after(() => receiver.close());
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 503);
  const [rejected] = events;
  assert.ok(rejected?.event === "rejected" && rejected.code === "inbox_unavailable");
  assert.match(
    rejected.hint ?? "",
    /put\(\) must return a promise that resolves to "stored" or "duplicate"; it resolved to undefined/,
  );
});
