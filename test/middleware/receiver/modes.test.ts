import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import type { Inbox } from "airudder-webhooks/inbox";
import { makeFolder } from "../../helpers/folder.js";
import { MemoryInbox } from "../../helpers/memory-inbox.js";
import { agentStatus, webRequest } from "../../helpers/push.js";
import { MemoryStorage, SharedMemoryInbox } from "../../helpers/shared-memory-inbox.js";
import { until } from "../../helpers/until.js";

const modes: [string, (folder: string) => Inbox<unknown> | undefined][] = [
  ["direct mode", () => undefined],
  ["a file inbox", (folder) => fileInbox(folder, { retryMs: 5 })],
  ["an inbox whose duplicates the receiver detects", () => new MemoryInbox(new Map())],
  ["an inbox that detects duplicates", () => new SharedMemoryInbox(new MemoryStorage()) as Inbox<unknown>],
];
for (const [mode, makeInbox] of modes) {
  test(`${mode}: each push is handled with its bytes, a duplicate is not, and a failed push is handled after a retry`, async (t) => {
    const inbox = makeInbox(makeFolder(t));
    const receiver = airudder({ key: "k", token: false, warnings: false, inbox });
    t.after(() => receiver.close());
    const handled: string[] = [];
    let failures = 0;
    receiver.on("dialer.agent", ({ raw }) => {
      if (raw.includes("fails once") && failures++ === 0) throw new Error("not yet");
      handled.push(raw.toString());
    });
    /** Sends a push as the vendor does: again, until the response is 200. */
    const send = async (state: string): Promise<string> => {
      const body = ` ${JSON.stringify(agentStatus({ State: state }))}`;
      await until(async () => (await receiver.fetch(webRequest(body))).status === 200);
      return body;
    };
    const bodies: string[] = [];
    for (const state of ["A", "A", "B", "A", "fails once", "fails once"]) bodies.push(await send(state));
    const expected = bodies.filter((body, i) => body !== bodies[i - 1]);
    await until(() => handled.length === expected.length);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(handled, expected);
    const { accepted, duplicates } = receiver.stats();
    assert.deepEqual([accepted, duplicates], [4, 2]);
  });
}
