import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileInbox, type Inbox } from "airudder-webhooks";
import { openJournal } from "airudder-webhooks/journal";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makeFolder } from "../../helpers/folder.js";
import { smallVolume } from "../../helpers/small-volume.js";
import { until } from "../../helpers/until.js";

const MB = 1024 * 1024;

/** An inbox whose last push is only on disk, because the others fill the memory. The handlers end after `release()`. */
async function withOneOnDisk(t: TestContext, dir: string) {
  const inbox: Inbox = fileInbox(dir, { concurrency: 1, retries: 0, retryMs: 1, maxRetryMs: 2 });
  t.after(() => inbox.close(100));
  const handled: string[] = [];
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await inbox.open(noEvents);
  inbox.consume(({ id }) => released.then(() => void handled.push(id)));
  for (let i = 0; i < 8; i++) await inbox.put(storedPush({ body: Buffer.alloc(MB, "x") }));
  await inbox.put(storedPush({ id: "on disk", body: Buffer.from('"whole"') }));
  const errorOf = async (): Promise<string> => String((await inbox.dead?.())?.[0]?.error);
  return { inbox, handled, release, errorOf };
}

const segmentOf = (dir: string): string => join(dir, readdirSync(dir).find((name) => name.endsWith(".ndjson")) ?? "");

test("POSIX only: pushes wait while the storage is missing, and are handled when it is back", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const { inbox, handled, release } = await withOneOnDisk(t, dir);
  renameSync(dir, `${dir}-away`);
  release();
  await until(() => handled.length === 8);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([inbox.state?.().queued, inbox.state?.().dead], [1, 0]);
  renameSync(`${dir}-away`, dir);
  await until(() => handled.at(-1) === "on disk");
  assert.equal(inbox.state?.().dead, 0);
});

test("a push whose record is damaged is dead without an attempt, and listed with the reason", async (t) => {
  const dir = makeFolder(t);
  const { inbox, handled, release, errorOf } = await withOneOnDisk(t, dir);
  const segment = segmentOf(dir);
  writeFileSync(segment, readFileSync(segment, "utf8").replace('\\"whole\\"', '"whole"\\"'));
  release();
  await until(() => inbox.state?.().dead === 1);
  assert.equal(handled.length, 8);
  assert.match(await errorOf(), /LostPush: The record in .* cannot be read: the line is not JSON/);
  assert.equal((await inbox.dead?.())?.[0]?.attempts, 0);
});

test("POSIX only: a push whose segment was removed is dead", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const { inbox, release, errorOf } = await withOneOnDisk(t, dir);
  rmSync(dir, { recursive: true });
  await inbox.put(storedPush());
  release();
  await until(() => inbox.state?.().dead === 1);
  assert.match(await errorOf(), /LostPush: The record in .* cannot be read: ENOENT/);
});

/** Stores pushes of 2 KB in sequence. Returns how many were rejected. */
async function putAll(inbox: Inbox, count: number): Promise<number> {
  let rejected = 0;
  for (let i = 0; i < count; i++) {
    await inbox.put(storedPush({ body: Buffer.from(`"${"x".repeat(2_000)}"`) })).catch(() => rejected++);
  }
  return rejected;
}

test("Linux as root only: an inbox on a volume smaller than a segment keeps accepting pushes if it handles them as fast as they arrive", async (t) => {
  const volume = smallVolume(t, "1m");
  if (volume === undefined) return t.skip("a tmpfs cannot be mounted here");
  const inbox = fileInbox(join(volume, "inbox"), { retries: 0 });
  t.after(() => inbox.close(100));
  let handled = 0;
  await inbox.open(noEvents);
  inbox.consume(({ id }) => {
    if (id === "dead") throw new Error("no");
    handled++;
  });
  await inbox.put(storedPush({ id: "dead" }));
  assert.equal(await putAll(inbox, 2_000), 0);
  await until(() => handled === 2_000);
  assert.deepEqual(
    (await inbox.dead?.())?.map(({ id }) => id),
    ["dead"],
  );
});

test("Linux as root only: an inbox that has filled its volume accepts pushes again when the stored ones are finished", async (t) => {
  const volume = smallVolume(t, "1m");
  if (volume === undefined) return t.skip("a tmpfs cannot be mounted here");
  const inbox = fileInbox(join(volume, "inbox"));
  t.after(() => inbox.close(100));
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await inbox.open(noEvents);
  inbox.consume(() => released);
  assert.ok((await putAll(inbox, 600)) > 0, "the volume is full");
  release();
  await until(() => inbox.state?.().queued === 0);
  await until(async () => (await putAll(inbox, 1)) === 0);
  assert.equal(await putAll(inbox, 600), 0);
});

for (const more of [{}, { afterLiving: true }]) {
  const before = "afterLiving" in more ? "a takeover from an owner that may still run" : "a crash";
  test(`Linux as root only: a full volume accepts pushes again after ${before}, if all its pushes are finished`, async (t) => {
    const volume = smallVolume(t, "1m");
    if (volume === undefined) return t.skip("a tmpfs cannot be mounted here");
    const dir = join(volume, "inbox");
    const journal = await openJournal(dir);
    await journal.append({ kind: "mark", push: "p", at: new Date().toISOString(), state: "done" });
    const lock = { ...JSON.parse(readFileSync(join(dir, "lock"), "utf8")), pid: 2 ** 22 + 1, ino: undefined, ...more };
    await journal.close();
    writeFileSync(join(dir, "lock"), JSON.stringify(lock));
    // One segment fills the volume, as earlier versions allowed.
    const file = segmentOf(dir);
    const line = readFileSync(file, "utf8").split("\n")[1];
    for (const lines of [100, 1]) {
      try {
        for (;;) appendFileSync(file, `${line}\n`.repeat(lines));
      } catch {
        // Less than these lines need is free now.
      }
    }
    const inbox = fileInbox(dir);
    t.after(() => inbox.close(100));
    await inbox.open(noEvents);
    inbox.consume(() => undefined);
    await until(async () => (await putAll(inbox, 1)) === 0);
    assert.equal(await putAll(inbox, 600), 0);
  });
}
