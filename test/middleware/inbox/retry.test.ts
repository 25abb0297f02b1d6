import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, type FileInboxOptions, fileInbox, type Inbox } from "airudder-webhooks";
import { openJournal } from "airudder-webhooks/journal";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makeFolder } from "../../helpers/folder.js";
import { callCompleted } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** An inbox with one dead push, whose handler has been fixed since. */
async function withDead(
  t: TestContext,
  dir: string,
  options: FileInboxOptions = { retries: 0 },
): Promise<{ inbox: Inbox; id: string; handled: string[] }> {
  const inbox = fileInbox(dir, options);
  t.after(() => inbox.close(100));
  const handled: string[] = [];
  let isBroken = true;
  await inbox.open(noEvents);
  inbox.consume(({ id }) => {
    if (isBroken) throw new Error("broken");
    handled.push(id);
  });
  const push = storedPush({ type: "call.completed", body: Buffer.from(JSON.stringify(callCompleted())) });
  await inbox.put(push);
  await until(() => inbox.state?.().dead === 1);
  isBroken = false;
  return { inbox, id: push.id, handled };
}

test("POSIX only: if the disk rejects a retry, the push stays dead and can be retried when the disk works", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const { inbox, id, handled } = await withDead(t, dir);
  const segment = join(dir, "000001.ndjson");
  await until(() => readFileSync(segment, "utf8").includes('"state":"dead"'));
  const bytes = readFileSync(segment);
  rmSync(dir, { recursive: true });
  writeFileSync(dir, "in the way");
  await assert.rejects(async () => inbox.retry?.(id), { code: "journal_unwritable" });
  assert.deepEqual(
    (await inbox.dead?.())?.map((dead) => dead.id),
    [id],
  );
  assert.equal(inbox.state?.().queued, 0);
  rmSync(dir);
  await inbox.put(storedPush());
  writeFileSync(segment, bytes);
  assert.equal(await inbox.retry?.(id), true);
  await until(() => handled.includes(id));
});

test("two parallel retries of one push run it once; a later retry finds no push", async (t) => {
  const { inbox, id, handled } = await withDead(t, makeFolder(t));
  assert.deepEqual(await Promise.all([inbox.retry?.(id), inbox.retry?.(id)]), [true, true]);
  await until(() => inbox.state?.().queued === 0);
  assert.deepEqual(handled, [id]);
  assert.equal(await inbox.retry?.(id), false);
});

test("a retried push that has no handler after a restart stays in the inbox and is not ignored", async (t) => {
  const dir = makeFolder(t);
  const options = { retries: 0, segmentBytes: 1_500 };
  const before = await withDead(t, dir, options);
  await before.inbox.close(100);
  const journal = await openJournal(dir, options);
  await journal.append({ kind: "mark", push: before.id, at: new Date().toISOString(), state: "retry" });
  await journal.close();
  // The record of the push moves to a later segment before it is handled.
  const storing = fileInbox(dir, options);
  await storing.open(noEvents);
  storing.consume(({ id }) => (id === before.id ? new Promise(() => undefined) : undefined));
  for (let n = 0; n < 30; n++) await storing.put(storedPush({ body: Buffer.alloc(1_000, 32) }));
  await until(() => !existsSync(join(dir, "000001.ndjson")));
  await storing.close(100);

  const receiver = airudder({ token: false, warnings: false, inbox: fileInbox(dir, options) });
  t.after(() => receiver.close());
  receiver.on("dialer.task", () => undefined);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await receiver.ready();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  await until(async () => (await receiver.dead()).some(({ id }) => id === before.id));
  assert.match(
    String((await receiver.dead()).find(({ id }) => id === before.id)?.error),
    /No handler is registered for/,
  );
});
