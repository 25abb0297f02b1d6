import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileInbox, type Inbox } from "airudder-webhooks";
import { silent, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makeFolder } from "../../helpers/folder.js";
import { until } from "../../helpers/until.js";

/** An inbox with one dead push, whose handler has been mended since. */
async function withDead(t: TestContext, dir: string): Promise<{ inbox: Inbox; id: string; handled: string[] }> {
  const inbox = fileInbox(dir, { retries: 0 });
  t.after(() => inbox.close(100));
  const handled: string[] = [];
  let isBroken = true;
  inbox.consume(({ id }) => {
    if (isBroken) throw new Error("broken");
    handled.push(id);
  }, silent);
  await inbox.ready?.();
  const push = storedPush();
  await inbox.put(push);
  await until(() => inbox.state?.().dead === 1);
  isBroken = false;
  return { inbox, id: push.id, handled };
}

test("POSIX only: a retry that the disk refuses leaves the push dead, to be tried again when the disk is back", {
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

test("two retries of one push at a time hand it out once; the next finds none", async (t) => {
  const { inbox, id, handled } = await withDead(t, makeFolder(t));
  assert.deepEqual(await Promise.all([inbox.retry?.(id), inbox.retry?.(id)]), [true, true]);
  await until(() => inbox.state?.().queued === 0);
  assert.deepEqual(handled, [id]);
  assert.equal(await inbox.retry?.(id), false);
});
