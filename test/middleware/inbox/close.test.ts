import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import { makeFolder } from "../../helpers/folder.js";
import { webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** Number of timers that keep this process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("close() cancels the timers of retries, so that the process can end", async (t) => {
  const before = timers();
  const inbox = fileInbox(makeFolder(t), { retryMs: 30_000, maxRetryMs: 30_000 });
  const receiver = airudder({ token: false, warnings: false, inbox });
  receiver.on("*", () => {
    throw new Error("not yet");
  });
  for (let n = 0; n < 3; n++) await receiver.fetch(webRequest({ n }));
  await until(() => receiver.stats().failed === 3);
  assert.ok(timers() > before);
  await receiver.close();
  assert.equal(timers(), before);
});

test("close() releases the folder", async (t) => {
  const dir = makeFolder(t);
  const receiver = airudder({ token: false, warnings: false, inbox: fileInbox(dir) });
  await receiver.ready();
  assert.equal(existsSync(join(dir, "lock")), true);
  await receiver.close();
  assert.equal(existsSync(join(dir, "lock")), false);
});
