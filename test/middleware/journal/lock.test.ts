import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Entry, type JournalError, openJournal, type PushHead } from "airudder-webhooks/journal";
import { Lock } from "../../../middleware/src/journal/lock.js";
import { makeFolder } from "../../helpers/folder.js";

const writer = fileURLToPath(new URL("../../helpers/journal-writer.ts", import.meta.url));

/** A process that appends pushes and prints the id of each that is on disk. */
async function startWriter(t: TestContext, dir: string): Promise<{ child: ChildProcess; printed: () => string[] }> {
  const child = spawn(process.execPath, ["--import", "tsx", writer, dir], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await once(child.stdout, "data");
  return { child, printed: () => text.split("\n").slice(0, -1) };
}

test("a second writer gets a clear error that names the first", async (t) => {
  const dir = makeFolder(t);
  const { child } = await startWriter(t, dir);
  await assert.rejects(openJournal(dir), (error: JournalError) => {
    assert.equal(error.code, "journal_locked");
    assert.deepEqual(error.owner, { pid: child.pid, host: hostname() });
    assert.match(error.message, new RegExp(`process ${child.pid} `));
    return true;
  });
});

test("the same process cannot open it twice", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await assert.rejects(openJournal(dir), { code: "journal_locked" });
});

test("after kill -9 the lock is taken over and every append that was acknowledged is there", async (t) => {
  const dir = makeFolder(t);
  const { child, printed } = await startWriter(t, dir);
  await new Promise((resolve) => setTimeout(resolve, 150));
  child.kill("SIGKILL");
  await once(child, "close");
  assert.ok(existsSync(join(dir, "lock")));
  const entries: Entry[] = [];
  const journal = await openJournal(dir, { onEntry: (entry) => entries.push(entry) });
  t.after(() => journal.close());
  const ids = new Set(entries.map(({ head }) => (head as PushHead).id));
  assert.ok(printed().length > 0);
  assert.deepEqual(
    printed().filter((id) => !ids.has(id)),
    [],
  );
});

const alive = { pid: process.ppid, host: hostname(), token: "t", booted: Date.now() - uptime() * 1000 };
const locks: [string, object | string, boolean][] = [
  ["of a living process", alive, false],
  ["of a process that is gone", { ...alive, pid: 2 ** 22 + 1 }, true],
  ["of a pid that an earlier boot of the machine gave out", { ...alive, booted: alive.booted - 86_400_000 }, true],
  ["of an earlier process with this process's own pid", { ...alive, pid: process.pid }, true],
  ["that was copied with its folder", { ...alive, ino: 1 }, true],
];
for (const [what, lock, taken] of locks) {
  test(`a lock ${what} is ${taken ? "taken over" : "respected"}`, async (t) => {
    const dir = makeFolder(t);
    writeFileSync(join(dir, "lock"), JSON.stringify(lock));
    const opening = openJournal(dir);
    if (!taken) return assert.rejects(opening, { code: "journal_locked" });
    await (await opening).close();
    assert.equal(existsSync(join(dir, "lock")), false);
  });
}

test("of many that take over a dead owner's lock at once, one gets it", async (t) => {
  const dir = makeFolder(t);
  writeFileSync(join(dir, "lock"), JSON.stringify({ ...alive, pid: 2 ** 22 + 1 }));
  const openings = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal(dir)));
  const opened = openings.flatMap((opening) => (opening.status === "fulfilled" ? [opening.value] : []));
  assert.equal(opened.length, 1);
  await opened[0]?.close();
});

for (const [what, touches, taken] of [
  ["touches it", true, false],
  ["is silent", false, true],
] as const) {
  test(`a lock whose owner is on another host and ${what} is ${taken ? "taken over" : "respected"}`, async (t) => {
    const path = join(makeFolder(t), "lock");
    writeFileSync(path, JSON.stringify({ ...alive, host: "elsewhere" }));
    utimesSync(path, new Date(0), new Date(0)); // the clock of the other host is far behind
    let beats = 1;
    const beat = setInterval(() => touches && utimesSync(path, new Date(0), new Date(1000 * beats++)), 20);
    t.after(() => clearInterval(beat));
    const taking = Lock.take(dirname(path), 300);
    if (!taken) return assert.rejects(taking, { code: "journal_locked", owner: { pid: alive.pid, host: "elsewhere" } });
    await (await taking).release();
  });
}

test("a copy of a folder that is in use can be opened", async (t) => {
  const dir = makeFolder(t);
  const { printed } = await startWriter(t, dir);
  const copy = join(makeFolder(t), "copy");
  cpSync(dir, copy, { recursive: true });
  const entries: Entry[] = [];
  const journal = await openJournal(copy, { onEntry: (entry) => entries.push(entry) });
  t.after(() => journal.close());
  assert.ok(entries.length > 0 && printed().length > 0);
});
