import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, fileInbox, type Push } from "airudder-webhooks";
import { type Journal, openJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { pushHead } from "../../helpers/push-head.js";
import { until } from "../../helpers/until.js";

function start(t: TestContext, dir: string, handle: (push: Push) => unknown = () => {}) {
  const receiver = airudder({ key: KEY, inbox: fileInbox(dir, { retryMs: 1, maxRetryMs: 2 }) });
  receiver.on("*", handle);
  t.after(() => receiver.close({ timeoutMs: 100 }));
  let sent = 0;
  const send = async (): Promise<number> => {
    const body = JSON.stringify(callCompleted(), null, sent++); // each is another push
    return (await receiver.fetch(webRequest(body))).status;
  };
  return { receiver, send };
}

/** Leaves an unfinished push in a folder. */
async function leavePush(t: TestContext, dir: string): Promise<void> {
  let taken = false;
  const { receiver, send } = start(t, dir, () => {
    taken = true;
    return new Promise(() => {});
  });
  assert.equal(await send(), 200);
  await until(() => taken);
  await receiver.close({ timeoutMs: 0 });
}

test("a folder that is locked at the start is opened when it is free, and its pushes are handled even if no new push arrives", async (t) => {
  const dir = makeFolder(t);
  await leavePush(t, dir);
  const journal = await openJournal(dir);
  let handled = 0;
  const { receiver } = start(t, dir, () => handled++);
  await assert.rejects(receiver.ready(), { code: "journal_locked" });
  await journal.close();
  await until(() => handled === 1);
  await receiver.ready();
});

test("creating the folder is retried, also if the system clock changes", async (t) => {
  const dir = join(makeFolder(t), "inbox");
  writeFileSync(dir, "in the way");
  const { receiver, send } = start(t, dir);
  await assert.rejects(receiver.ready(), { code: "journal_unwritable" });
  rmSync(dir);
  const now = Date.now;
  t.mock.method(Date, "now", () => now() - 3_600_000);
  await until(() => existsSync(join(dir, "lock")));
  assert.equal(await send(), 200);
});

test("a closed inbox is not opened again", async (t) => {
  const dir = join(makeFolder(t), "inbox");
  writeFileSync(dir, "in the way");
  const { receiver } = start(t, dir);
  await assert.rejects(receiver.ready(), { code: "journal_unwritable" });
  await receiver.close();
  rmSync(dir);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(existsSync(dir), false);
});

/** Writes the lock of another process, as if it had taken over while this process was suspended. */
function takeOver(t: TestContext, dir: string): { end(): void } {
  const lock = join(dir, "lock");
  writeFileSync(
    lock,
    JSON.stringify({
      ...JSON.parse(readFileSync(lock, "utf8")),
      pid: process.ppid,
      started: undefined,
      token: "another",
    }),
  );
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + 7_000);
  return { end: () => rmSync(lock) };
}

test("an inbox rejects pushes while another process has its folder, and accepts them when that process has ended", async (t) => {
  const dir = makeFolder(t);
  let handled = 0;
  const { receiver, send } = start(t, dir, () => handled++);
  assert.equal(await send(), 200);
  await until(() => receiver.stats().inbox?.queued === 0);
  const other = takeOver(t, dir);
  assert.equal(await send(), 503);
  await assert.rejects(receiver.ready(), { code: "journal_locked" });
  other.end();
  await until(() => existsSync(join(dir, "lock")));
  await receiver.ready();
  assert.equal(await send(), 200);
  await until(() => handled === 2);
});

test("POSIX only: pushes that another process left in a recreated folder are handled when that process has ended", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  let handled = 0;
  const { receiver, send } = start(t, dir, () => handled++);
  await receiver.ready();
  assert.equal(await send(), 200);
  await until(() => handled === 1);
  let other: Journal | undefined;
  // On a busy machine, the receiver may be the first to create the folder again.
  while (other === undefined) {
    rmSync(dir, { recursive: true, force: true });
    other = await openJournal(dir).catch(() => undefined);
  }
  await other.append(pushHead("left"), { headers: {}, body: Buffer.from(JSON.stringify(callCompleted())) });
  assert.equal(await send(), 503);
  await other.close();
  await until(() => handled === 2);
});

test("a handler that runs when the folder is lost ends before the same push is handled again", async (t) => {
  const dir = makeFolder(t);
  const ends: (() => void)[] = [];
  const { send } = start(t, dir, () => new Promise<void>((resolve) => ends.push(resolve)));
  assert.equal(await send(), 200);
  await until(() => ends.length === 1);
  const other = takeOver(t, dir);
  assert.equal(await send(), 503);
  other.end();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(ends.length, 1);
  ends[0]?.();
  await until(() => ends.length === 2);
  ends[1]?.();
});
