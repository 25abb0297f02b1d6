import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import fsPromises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type JournalError,
  openJournal,
  type PushHead,
  type RecordEntry,
  readJournal,
} from "airudder-webhooks/journal";
import { Lock } from "../../../middleware/src/journal/lock.js";
import { openWithTimes } from "../../../middleware/src/journal/open.js";
import type { LockTimes } from "../../../middleware/src/journal/previous-owners.js";
import { type ProcessIdentity, processState, thisProcess } from "../../../middleware/src/journal/process-identity.js";
import { SegmentFile } from "../../../middleware/src/journal/segment-file.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { until } from "../../helpers/until.js";

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

test("a second writer gets an error that names the first", async (t) => {
  const dir = makeFolder(t);
  const { child } = await startWriter(t, dir);
  await assert.rejects(openJournal(dir), (error: JournalError) => {
    assert.equal(error.code, "journal_locked");
    assert.deepEqual(error.owner, { pid: child.pid, host: hostname() });
    assert.match(error.message, new RegExp(`process ${child.pid} `));
    return true;
  });
});

test("the same process cannot open a journal twice", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await assert.rejects(openJournal(dir), { code: "journal_locked" });
});

test("after kill -9 the lock is taken over, and every acknowledged append is in the journal", async (t) => {
  const dir = makeFolder(t);
  const { child, printed } = await startWriter(t, dir);
  await new Promise((resolve) => setTimeout(resolve, 150));
  child.kill("SIGKILL");
  await once(child, "close");
  assert.ok(existsSync(join(dir, "lock")));
  const entries: RecordEntry[] = [];
  const journal = await openJournal(dir, { onRecord: (entry) => entries.push(entry) });
  t.after(() => journal.close());
  const ids = new Set(entries.map(({ head }) => (head as PushHead).id));
  assert.ok(printed().length > 0);
  assert.deepEqual(
    printed().filter((id) => !ids.has(id)),
    [],
  );
});

const GONE = 2 ** 22 + 1;
const alive = { ...thisProcess(), pid: process.ppid, started: undefined, token: "t" };
const otherHost = { ...alive, host: "elsewhere", boot: "another boot" };

const certain: [string, object, boolean][] = [
  ["of a living process", alive, false],
  ["of a process that has ended", { ...alive, pid: GONE }, true],
  ["of a process that has ended, with an earlier host name", { ...alive, pid: GONE, host: "before" }, true],
];
if (process.platform === "linux") {
  certain.push(["whose pid was reused", { ...alive, started: "1" }, true]);
  certain.push([
    "of an earlier process with this process's own pid",
    { ...thisProcess(), started: "1", token: "t" },
    true,
  ]);
}
for (const [what, lock, taken] of certain) {
  test(`a lock ${what} is ${taken ? "taken over" : "respected"} immediately`, async (t) => {
    const dir = makeFolder(t);
    writeFileSync(join(dir, "lock"), JSON.stringify(lock));
    const taking = Lock.take(dir, { presumeDeadMs: 3_600_000 });
    if (!taken) return assert.rejects(taking, { code: "journal_locked" });
    await (await taking).release();
    assert.equal(existsSync(join(dir, "lock")), false);
  });
}

test("a lock that was copied with its folder a while ago is taken over immediately", async (t) => {
  const path = join(makeFolder(t), "lock");
  writeFileSync(path, JSON.stringify({ ...otherHost, ino: 1 }));
  const past = new Date(Date.now() - 120_000);
  utimesSync(path, past, past);
  await (await Lock.take(dirname(path), { presumeDeadMs: 3_600_000 })).release();
});

const uncertain: [string, object, Date?][] = [
  ["of another host, whose clock is far behind", otherHost, new Date(0)],
  ["of another container with the same host name, where it has this process's own pid", containerOf(thisProcess())],
  ["of another container with the same host name, whose pid does not exist here", containerOf({ ...alive, pid: GONE })],
  ["of another boot", { ...alive, boot: "another boot", booted: alive.booted - 86_400_000 }],
  ["of a running process, not touched for a long time", alive, new Date(Date.now() - 3_600_000)],
  ["that was copied with its folder", { ...alive, ino: 1 }],
  ["that an earlier version wrote", { pid: GONE, host: hostname(), token: "t", booted: 0 }],
];

function containerOf(owner: ProcessIdentity): object {
  return { ...owner, space: "pid:[1]", boot: owner.boot ?? "a boot", token: "t" };
}

for (const [what, lock, at] of uncertain) {
  for (const touches of [true, false]) {
    const name = `a lock ${what} is ${touches ? "respected while it is touched" : "taken over when it is not touched"}`;
    const skip = "pid" in lock && !("boot" in lock) && process.platform !== "linux";
    test(name, { skip }, async (t) => {
      const path = join(makeFolder(t), "lock");
      writeFileSync(path, JSON.stringify(lock));
      if (at !== undefined) utimesSync(path, at, at);
      const first = (at ?? new Date()).getTime();
      let beats = 1;
      const touch = () => utimesSync(path, new Date(0), new Date(first + 1000 * beats++));
      const beat = setInterval(() => touches && touch(), 20);
      t.after(() => clearInterval(beat));
      const taking = Lock.take(dirname(path), { presumeDeadMs: 300 });
      if (touches) return assert.rejects(taking, { code: "journal_locked" });
      await (await taking).release();
      assert.equal(existsSync(path), false);
    });
  }
}

test("the owner of a lock is recognised whatever the clock says", { skip: process.platform !== "linux" }, () => {
  const mine = thisProcess();
  assert.equal(processState(mine, { ...mine, booted: mine.booted + 3_600_000 }), "running");
});

test("the lock of a killed process is free before its parent has waited for it (only Linux)", {
  skip: process.platform !== "linux",
}, async (t) => {
  const dir = makeFolder(t);
  // The shell becomes a program that never waits for the process in the background.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => parent.kill("SIGKILL"));
  const pid = Number((await once(parent.stdout, "data"))[0]);
  const fields = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const owner = { ...thisProcess(), pid, started: fields()[19], token: "token" };
  writeFileSync(join(dir, "lock"), JSON.stringify(owner));
  await assert.rejects(openJournal(dir), { code: "journal_locked" });
  process.kill(pid, "SIGKILL");
  await until(() => fields()[0] === "Z");
  await (await openJournal(dir)).close();
});

test("without /proc, an owner is recognised by its host, its pid and its boot time", () => {
  const { pid, host, booted } = { ...thisProcess(), pid: process.ppid };
  const mine = { pid: process.pid, host, booted };
  assert.equal(processState({ pid, host, booted }, mine), "running");
  assert.equal(processState({ pid: GONE, host, booted }, mine), "ended");
  assert.equal(processState({ pid, host, booted: booted - 86_400_000 }, mine), "unknown");
  assert.equal(processState({ pid, host: "elsewhere", booted }, mine), "unknown");
  assert.equal(processState(mine, mine), "unknown");
});

test("of many processes that take over a dead owner's lock at the same time, one gets it", async (t) => {
  const dir = makeFolder(t);
  writeFileSync(join(dir, "lock"), JSON.stringify({ ...alive, pid: GONE }));
  const openings = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal(dir)));
  const opened = openings.flatMap((opening) => (opening.status === "fulfilled" ? [opening.value] : []));
  assert.equal(opened.length, 1);
  await opened[0]?.close();
});

const incomplete: [string, string, number][] = [
  ["is empty, as after a power cut", "", 0],
  ["is empty, with its time ahead of the clock", "", 3_600_000],
  ["holds zeros", "\0".repeat(200), 0],
  ["names no owner", "null", -3_600_000],
];
for (const [what, text, aheadMs] of incomplete) {
  test(`a lock that ${what} is taken over after a second, as from an owner that may still run`, async (t) => {
    const dir = makeFolder(t);
    const first = await openJournal(dir);
    await first.append(pushHead("kept"));
    await first.close();
    const path = join(dir, "lock");
    writeFileSync(path, text);
    const at = new Date(Date.now() + aheadMs);
    utimesSync(path, at, at);
    const start = performance.now();
    const journal = await openJournal(dir);
    t.after(() => journal.close());
    assert.ok(performance.now() - start < 5_000);
    assert.equal((await journal.append(pushHead("next"))).location.segment, 2);
    assert.equal(journal.crashes, 1);
  });
}

test("an empty lock is respected if its owner completes it", async (t) => {
  const dir = makeFolder(t);
  const path = join(dir, "lock");
  writeFileSync(path, "");
  setTimeout(() => writeFileSync(path, JSON.stringify(alive)), 300);
  await assert.rejects(Lock.take(dir), { code: "journal_locked" });
});

test("of many processes that take over an empty lock at the same time, one gets it", async (t) => {
  const dir = makeFolder(t);
  writeFileSync(join(dir, "lock"), "");
  const openings = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal(dir)));
  const opened = openings.flatMap((opening) => (opening.status === "fulfilled" ? [opening.value] : []));
  assert.equal(opened.length, 1);
  await opened[0]?.close();
});

test("no process ever sees a lock file without an owner", async (t) => {
  const dir = makeFolder(t);
  const path = join(dir, "lock");
  let isDone = false;
  const seen = new Set<string>();
  const look = async (): Promise<void> => {
    while (!isDone) {
      if (existsSync(path)) seen.add(readLockText(path) === "" ? "empty" : "whole");
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const looking = look();
  for (let i = 0; i < 50; i++) await (await Lock.take(dir)).release();
  isDone = true;
  await looking;
  assert.deepEqual([...seen], ["whole"]);
});

function readLockText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "released";
  }
}

test("a journal counts the consecutive owners that crashed soon after they had opened it", async (t) => {
  const dir = makeFolder(t);
  const path = join(dir, "lock");
  /** Ends the owner of the lock without releasing it, as a kill does. */
  const crash = async (times: Partial<LockTimes> = {}): Promise<number> => {
    const journal = await openWithTimes(dir, {}, times);
    if (times.shortRunMs !== undefined) await until(() => readLockText(path).endsWith('"lasted":1}'));
    const left = readFileSync(path, "utf8")
      .replace(/"pid":\d+/, `"pid":${GONE}`)
      .replace(/,"ino":\d+/, "");
    await journal.close();
    writeFileSync(path, left);
    return journal.crashes;
  };
  const close = async (): Promise<number> => {
    const journal = await openJournal(dir);
    await journal.close();
    return journal.crashes;
  };
  assert.deepEqual([await crash(), await crash(), await crash(), await close(), await close()], [0, 1, 2, 3, 0]);
  assert.deepEqual(
    [await crash(), await crash(), await crash({ heartbeatMs: 20, shortRunMs: 50 }), await close()],
    [0, 1, 2, 1],
  );
});

test("a crashed owner is counted even if an earlier version wrote its lock, and whatever the clock says", async (t) => {
  const dir = makeFolder(t);
  const path = join(dir, "lock");
  writeFileSync(path, JSON.stringify({ ...alive, pid: GONE }));
  const first = await openJournal(dir);
  assert.equal(first.crashes, 1);
  const left = readFileSync(path, "utf8")
    .replace(/"pid":\d+/, `"pid":${GONE}`)
    .replace(/,"ino":\d+/, "");
  await first.close();
  writeFileSync(path, left);
  utimesSync(path, new Date(0), new Date(0));
  t.mock.method(Date, "now", () => 4_000_000_000_000);
  const second = await openJournal(dir);
  assert.equal(second.crashes, 2);
  await second.close();
});

test("an owner that no longer touches its lock counts as crashed once the lock is taken over", async (t) => {
  const dir = makeFolder(t);
  writeFileSync(join(dir, "lock"), JSON.stringify({ ...otherHost, crashes: 4, lasted: 0 }));
  const journal = await openWithTimes(dir, {}, { presumeDeadMs: 100 });
  assert.equal(journal.crashes, 5);
  await journal.close();
});

test("a lock file that is emptied while it is held is taken again, and later records go to a new segment", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  writeFileSync(join(dir, "lock"), "");
  sleep(t, 7_000);
  assert.equal((await journal.append(pushHead("after"))).location.segment, 2);
  await assert.rejects(openJournal(dir), { code: "journal_locked" });
});

test("on a file system without links the lock is created directly", async (t) => {
  const dir = makeFolder(t);
  t.mock.method(fsPromises, "link", () =>
    Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM", syscall: "link" })),
  );
  syncBuiltinESMExports();
  const lock = await Lock.take(dir);
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.equal(JSON.parse(readLockText(join(dir, "lock"))).pid, process.pid);
  await assert.rejects(Lock.take(dir), { code: "journal_locked" });
  await lock.release();
  assert.deepEqual(readdirSync(dir), []);
});

test("a process whose draft of the lock is deleted by the process that just took it does not report a broken folder", async (t) => {
  const dir = makeFolder(t);
  const { link } = fsPromises;
  let other: Lock | undefined;
  const mocked = t.mock.method(fsPromises, "link", async (draft: string, path: string) => {
    mocked.mock.restore();
    syncBuiltinESMExports();
    other = await Lock.take(dir);
    await other.deleteLeftovers();
    return link(draft, path);
  });
  syncBuiltinESMExports();
  await assert.rejects(Lock.take(dir), { code: "journal_locked" });
  await other?.release();
});

test("a copy of a folder that is in use can be opened", async (t) => {
  const dir = makeFolder(t);
  const { printed } = await startWriter(t, dir);
  const copy = join(makeFolder(t), "copy");
  cpSync(dir, copy, { recursive: true });
  const lock = await Lock.take(copy, { presumeDeadMs: 300 });
  await lock.release();
  const entries: RecordEntry[] = [];
  const journal = await openJournal(copy, { onRecord: (entry) => entries.push(entry) });
  t.after(() => journal.close());
  assert.ok(entries.length > 0 && printed().length > 0);
});

/** Advances the monotonic clock, as if the process had been suspended. */
const sleep = (t: TestContext, ms: number): void => {
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + ms);
};

test("a writer that was suspended checks its lock before it writes, and stops if another process has it", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  writeFileSync(join(dir, "lock"), JSON.stringify(otherHost));
  const before = readFileSync(join(dir, "000001.ndjson"));
  sleep(t, 7_000);
  await assert.rejects(journal.append(pushHead("after")), { code: "journal_locked" });
  assert.deepEqual(readFileSync(join(dir, "000001.ndjson")), before);
});

test("a writer that is suspended during a write checks its lock before it acknowledges the record", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  const append = SegmentFile.prototype.append;
  t.mock.method(
    SegmentFile.prototype,
    "append",
    async function (this: SegmentFile, lines: Buffer, isOwner: () => boolean) {
      await append.call(this, lines, isOwner);
      writeFileSync(join(dir, "lock"), JSON.stringify(otherHost));
      sleep(t, 7_000);
    },
  );
  await assert.rejects(journal.append(pushHead("asleep")), { code: "journal_locked" });
});

test("a writer that was suspended and still has its lock continues in the same segment", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  sleep(t, 7_000);
  assert.equal((await journal.append(pushHead("after"))).location.segment, 1);
});

test("a writer whose lock was taken over and released while it was suspended continues after the records of the writer in between", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  rmSync(join(dir, "lock"));
  const other = await openJournal(dir);
  await other.append(pushHead("other"));
  await other.close();
  sleep(t, 7_000);
  assert.equal((await journal.append(pushHead("after"))).location.segment, 2);
  await assert.rejects(openJournal(dir), { code: "journal_locked" });
});

test("a writer whose folder was removed neither writes to the folder that another process created, nor delays that process", async (t) => {
  const dir = join(makeFolder(t), "journal");
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  rmSync(dir, { recursive: true });
  const other = await openJournal(dir, { segmentBytes: 1 });
  t.after(() => other.close());
  for (const id of ["first", "second"]) {
    await assert.rejects(journal.append(pushHead(id)), { code: "journal_locked" });
    await other.append(pushHead(id));
  }
  const entries: string[] = [];
  await readJournal(dir, { onRecord: ({ head }) => entries.push((head as PushHead).id) });
  assert.deepEqual(entries, ["first", "second"]);
  await other.append(pushHead("third"));
  for (const segment of [1, 2]) await other.drop(segment);
  await other.close();
  assert.equal((await journal.append(pushHead("after"))).location.segment, 4);
});
