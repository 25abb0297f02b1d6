import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileInbox, type Inbox } from "airudder-webhooks";
import { silent, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makeFolder } from "../../helpers/folder.js";
import { until } from "../../helpers/until.js";

const MB = 1024 * 1024;

/** An inbox whose last push waits on disk alone, behind those that fill the memory; the handler runs when it is let go. */
async function withOneOnDisk(t: TestContext, dir: string) {
  const inbox: Inbox = fileInbox(dir, { concurrency: 1, retries: 0, retryMs: 1, mostRetryMs: 2 });
  t.after(() => inbox.close(100));
  const handled: string[] = [];
  let letGo = (): void => undefined;
  const isLetGo = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  inbox.consume(({ id }) => isLetGo.then(() => void handled.push(id)), silent);
  await inbox.ready?.();
  for (let i = 0; i < 8; i++) await inbox.put(storedPush({ body: Buffer.alloc(MB, "x") }));
  await inbox.put(storedPush({ id: "on disk", body: Buffer.from('"whole"') }));
  const errorOf = async (): Promise<string> => String((await inbox.dead?.())?.[0]?.error);
  return { inbox, handled, letGo, errorOf };
}

const segmentOf = (dir: string): string => join(dir, readdirSync(dir).find((name) => name.endsWith(".ndjson")) ?? "");

test("POSIX only: pushes wait while the storage is away, however long, and are handled when it is back", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const { inbox, handled, letGo } = await withOneOnDisk(t, dir);
  renameSync(dir, `${dir}-away`);
  letGo();
  await until(() => handled.length === 8);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([inbox.state?.().queued, inbox.state?.().dead], [1, 0]);
  renameSync(`${dir}-away`, dir);
  await until(() => handled.at(-1) === "on disk");
  assert.equal(inbox.state?.().dead, 0);
});

test("a push whose record is damaged is dead at once, with no try, and is listed with the reason", async (t) => {
  const dir = makeFolder(t);
  const { inbox, handled, letGo, errorOf } = await withOneOnDisk(t, dir);
  const segment = segmentOf(dir);
  writeFileSync(segment, readFileSync(segment, "utf8").replace('\\"whole\\"', '"whole"\\"'));
  letGo();
  await until(() => inbox.state?.().dead === 1);
  assert.equal(handled.length, 8);
  assert.match(await errorOf(), /LostPush: The record in .* cannot be read: the line is not JSON/);
  assert.equal((await inbox.dead?.())?.[0]?.attempts, 0);
});

test("POSIX only: a push whose segment was removed for good is dead", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const { inbox, letGo, errorOf } = await withOneOnDisk(t, dir);
  rmSync(dir, { recursive: true });
  await inbox.put(storedPush());
  letGo();
  await until(() => inbox.state?.().dead === 1);
  assert.match(await errorOf(), /LostPush: The record in .* cannot be read: ENOENT/);
});
