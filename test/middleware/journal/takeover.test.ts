import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Damage,
  type Journal,
  openJournal,
  type PushHead,
  type RecordEntry,
  readJournal,
} from "airudder-webhooks/journal";
import { openWithTimes } from "../../../middleware/src/journal/open.js";
import { thisProcess } from "../../../middleware/src/journal/process-identity.js";
import { compile } from "../../../scripts/child.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

const ROUNDS = 12;

const content = (id: string) => ({ headers: {}, body: Buffer.from(JSON.stringify({ id })) });

async function readAll(dir: string): Promise<{ ids: string[]; damages: Damage[] }> {
  const ids: string[] = [];
  const damages: Damage[] = [];
  const onRecord = ({ head }: RecordEntry): void => void ids.push((head as PushHead).id);
  await readJournal(dir, { onRecord, onDamage: (damage) => damages.push(damage) });
  return { ids, damages };
}

test("Linux and macOS only: writers that are suspended at random, and resume after a takeover, destroy no acknowledged record", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = makeFolder(t);
  const script = await compile("test/middleware/journal/takeover.fixture.ts");
  t.after(() => script.remove());
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  const acknowledged: string[] = [];
  const start = async (round: number): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [script.file, dir, `w${round}`], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
    });
    children.push(child);
    let rest = "";
    child.stdout.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() as string;
      acknowledged.push(...lines);
    });
    await once(child.stdout, "data", { signal: AbortSignal.timeout(30_000) });
    return child;
  };
  const pause = (maxMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * maxMs));
  let owner = await start(0);
  for (let round = 1; round <= ROUNDS; round++) {
    await pause(150);
    owner.kill("SIGSTOP");
    const successor = await start(round);
    await pause(100);
    const ended = once(owner, "close");
    owner.kill("SIGCONT");
    await ended;
    owner = successor;
  }
  owner.kill("SIGKILL");
  await once(owner, "close");

  const entries = new Map<string, RecordEntry>();
  const damages: Damage[] = [];
  const onRecord = (entry: RecordEntry): void => void entries.set((entry.head as PushHead).id, entry);
  const journal = await openJournal(dir, { onRecord, onDamage: (damage) => damages.push(damage) });
  t.after(() => journal.close());
  assert.ok(acknowledged.length > ROUNDS * 4);
  assert.deepEqual(
    acknowledged.filter((id) => !entries.has(id)),
    [],
  );
  for (const id of acknowledged) {
    const { content: found } = await journal.read((entries.get(id) as RecordEntry).location);
    assert.equal(JSON.parse(String(found?.body)).id, id);
  }
  assert.deepEqual(damages, []);
});

const elsewhere = { ...thisProcess(), host: "elsewhere", boot: "another boot", space: "pid:[1]", token: "t" };

/** A folder whose owner may still run: it wrote one push, and the start of a line. */
async function leaveStopped(dir: string): Promise<{ file: string; bytes: number }> {
  const journal = await openJournal(dir);
  await journal.append(pushHead("kept"), content("kept"));
  await journal.close();
  const file = join(dir, "000001.ndjson");
  appendFileSync(file, '{"kind":"push","id":"torn","seq":2,"at":"20');
  writeFileSync(join(dir, "lock"), JSON.stringify(elsewhere));
  return { file, bytes: statSync(file).size };
}

const reopen = (dir: string, damages: Damage[] = []): Promise<Journal> =>
  openWithTimes(dir, { onDamage: (damage) => damages.push(damage) }, { presumeDeadMs: 100 });

test("a takeover from an owner that may still run begins a segment, truncates nothing, and reports no damage", async (t) => {
  const dir = makeFolder(t);
  const { file, bytes } = await leaveStopped(dir);
  const damages: Damage[] = [];
  const journal = await reopen(dir, damages);
  const { location } = await journal.append(pushHead("next"), content("next"));
  assert.equal(location.segment, 2);
  assert.equal(statSync(file).size, bytes);
  await journal.close();
  assert.equal(existsSync(join(dir, "lock")), false);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith("lock")),
    [],
  );
  await (await reopen(dir, damages)).close();
  assert.deepEqual(damages, []);
  assert.deepEqual(await readAll(dir), { ids: ["kept", "next"], damages: [] });
});

test("records that the suspended owner appends later are not part of the journal", async (t) => {
  const dir = makeFolder(t);
  const { file } = await leaveStopped(dir);
  const first = await reopen(dir);
  await first.append(pushHead("next"), content("next"));
  appendFileSync(file, `26"}\n${JSON.stringify({ ...pushHead("late"), seq: 2 })}\n{"torn again`);
  await first.append(pushHead("more"), content("more"));
  await first.close();
  assert.deepEqual(await readAll(dir), { ids: ["kept", "next", "more"], damages: [] });
  const ids: string[] = [];
  const damages: Damage[] = [];
  const second = await openJournal(dir, {
    onRecord: ({ head }) => ids.push((head as PushHead).id),
    onDamage: (damage) => damages.push(damage),
  });
  t.after(() => second.close());
  assert.deepEqual([ids, damages], [["kept", "next", "more"], []]);
  const { head } = await second.append(pushHead("last"));
  assert.equal((head as PushHead).seq, 4);
  await second.drop(1);
  assert.equal(existsSync(file), false, "late lines are no damage");
});

test("if a successor fails to open the journal, the next one still expects writes of the first owner", async (t) => {
  const dir = makeFolder(t);
  const { file, bytes } = await leaveStopped(dir);
  const onRecord = (): void => {
    throw new Error("the index is broken");
  };
  await assert.rejects(openWithTimes(dir, { onRecord }, { presumeDeadMs: 100 }));
  assert.equal(existsSync(join(dir, "lock")), false);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  assert.equal((await journal.append(pushHead("next"))).location.segment, 2);
  assert.equal(statSync(file).size, bytes);
  assert.equal(journal.crashes, 1);
});

test("after an owner that has certainly ended, the newest segment is continued", async (t) => {
  const dir = makeFolder(t);
  const { file, bytes } = await leaveStopped(dir);
  writeFileSync(join(dir, "lock"), JSON.stringify({ ...thisProcess(), pid: 2 ** 22 + 1, token: "t" }));
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  assert.ok(statSync(file).size < bytes, "the torn line is cut off");
  assert.equal((await journal.append(pushHead("next"))).location.segment, 1);
});

test("two writers of one segment never overwrite each other, and the first one that detects the other stops", async (t) => {
  const dir = makeFolder(t);
  const stale = await openJournal(dir);
  t.after(() => stale.close());
  await stale.append(pushHead("before"), content("before"));
  rmSync(join(dir, "lock"));
  const lost: string[] = [];
  const successor = await openJournal(dir, { onLost: ({ code }) => lost.push(code) });
  t.after(() => successor.close());
  const entry = await successor.append(pushHead("successor"), content("successor"));
  await assert.rejects(stale.append(pushHead("late")), { code: "journal_locked" });
  await assert.rejects(successor.append(pushHead("unsure")), { code: "journal_locked" });
  assert.ok(lost.includes("journal_locked"));
  assert.deepEqual((await successor.read(entry.location)).content, content("successor"));
  await successor.close();
  await stale.close();
  const { ids, damages } = await readAll(dir);
  assert.deepEqual(ids.slice(0, 2), ["before", "successor"]);
  assert.deepEqual(damages, []);
});

test("a writer that was suspended removes no segment of its successor", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir, { segmentBytes: 1 });
  t.after(() => journal.close());
  for (const id of ["a", "b"]) await journal.append(pushHead(id));
  writeFileSync(join(dir, "lock"), JSON.stringify(elsewhere));
  await assert.rejects(journal.drop(1), { code: "journal_locked" });
  assert.ok(existsSync(join(dir, "000001.ndjson")));
});

test("a writer whose segment was removed by its successor does not write again", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("before"));
  writeFileSync(join(dir, "lock"), JSON.stringify(elsewhere));
  utimesSync(join(dir, "lock"), new Date(0), new Date(0));
  const successor = await openWithTimes(dir, {}, { presumeDeadMs: 100 });
  t.after(() => successor.close());
  await successor.drop(1);
  await assert.rejects(journal.append(pushHead("late")), { code: "journal_locked" });
  await successor.append(pushHead("next"));
  assert.deepEqual((await readAll(dir)).ids, ["next"]);
  assert.ok(!readFileSync(join(dir, "000002.ndjson"), "utf8").includes("late"));
});
