import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, type FileInboxOptions, fileInbox } from "airudder-webhooks";
import { makeFolder } from "../../helpers/folder.js";
import { webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** Starts a receiver whose handler fails for pushes with `bad`, and records the number of each attempt. */
async function start(t: TestContext, dir: string, options: FileInboxOptions) {
  const receiver = airudder({ token: false, warnings: false, inbox: fileInbox(dir, options) });
  t.after(() => receiver.close());
  const attempts: number[] = [];
  receiver.on("*", ({ payload, attempt }) => {
    if (!("bad" in payload)) return;
    attempts.push(attempt);
    throw new Error("not yet");
  });
  await receiver.ready();
  return { receiver, attempts };
}

const LATER = { retryMs: 600_000, maxRetryMs: 600_000 };

test("the attempts of a failed push are counted across restarts, up to the retry limit", async (t) => {
  const dir = makeFolder(t);
  const first = await start(t, dir, { ...LATER, retries: 2 });
  await first.receiver.fetch(webRequest({ bad: 1 }));
  await until(() => first.receiver.stats().failed === 1);
  await first.receiver.close();

  const second = await start(t, dir, { ...LATER, retries: 2 });
  await until(() => second.receiver.stats().failed === 1);
  await second.receiver.close();

  const third = await start(t, dir, { ...LATER, retries: 2 });
  await until(() => third.receiver.stats().dead + third.receiver.stats().failed === 1);
  assert.deepEqual([first.attempts, second.attempts, third.attempts], [[1], [2], [3]]);
  const [dead, ...others] = await third.receiver.dead();
  assert.deepEqual([dead?.state, dead?.attempts, others], ["dead", 3, []]);
  await third.receiver.close();

  const [listed] = await (await start(t, dir, LATER)).receiver.dead();
  assert.deepEqual([listed?.state, listed?.attempts], ["dead", 3]);
});

test("the attempts of a failed push are counted after its record has moved to a later segment", async (t) => {
  const dir = makeFolder(t);
  const options = { ...LATER, segmentBytes: 1_500, retries: 5 };
  const first = await start(t, dir, options);
  await first.receiver.fetch(webRequest({ bad: 1 }));
  await until(() => first.receiver.stats().failed === 1);
  for (let n = 0; existsSync(join(dir, "000001.ndjson")) && n < 500; n++) {
    await first.receiver.fetch(webRequest({ n, filler: " ".repeat(1_000) }));
  }
  await until(() => !existsSync(join(dir, "000001.ndjson")));
  await first.receiver.close();

  const second = await start(t, dir, options);
  await until(() => second.receiver.stats().failed === 1);
  assert.deepEqual(second.attempts, [2]);
});
