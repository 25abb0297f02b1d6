import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs, {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openJournal, type PushHead, readJournal } from "airudder-webhooks/journal";
import { compile } from "../../../scripts/child.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { replaceFs, systemError } from "./failing-fs.js";

async function idsOf(dir: string): Promise<string[]> {
  const ids: string[] = [];
  await readJournal(dir, { onRecord: ({ head }) => ids.push((head as PushHead).id) });
  return ids;
}

test("a failed close is not retried: the journal continues to work, and no file of the app is closed", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir, { segmentBytes: 1 });
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  const segmentIno = statSync(join(dir, "000001.ndjson")).ino;
  const file = join(dir, "app.txt");
  let app = -1;
  replaceFs(t, "closeSync", (close) => (fd: number) => {
    const isSegment = app < 0 && fstatSync(fd).ino === segmentIno;
    close(fd);
    if (!isSegment) return;
    app = openSync(file, "a"); // gets the number of the closed descriptor
    throw systemError("EIO");
  });
  for (const id of ["second", "third", "fourth"]) await journal.append(pushHead(id));
  await journal.close();
  assert.ok(app >= 0);
  fs.writeSync(app, "the app's own");
  closeSync(app);
  assert.equal(readFileSync(file, "utf8"), "the app's own");
  assert.deepEqual(await idsOf(dir), ["first", "second", "third", "fourth"]);
});

for (const name of ["fstatSync", "fdatasync"] as const) {
  test(`a descriptor that ${name} reports as bad is not used again, and the next append begins a segment`, async (t) => {
    const dir = makeFolder(t);
    const journal = await openJournal(dir);
    t.after(() => journal.close());
    await journal.append(pushHead("first"));
    let bad = 0;
    let app = -1;
    replaceFs(t, name, (original) => (fd: number, ...rest: unknown[]) => {
      if (bad++ > 0) return (original as (...all: unknown[]) => unknown)(fd, ...rest);
      closeSync(fd);
      app = openSync(join(dir, "app.txt"), "a");
      const callback = rest.at(-1);
      if (typeof callback !== "function") throw systemError("EBADF");
      callback(systemError("EBADF"));
    });
    await assert.rejects(journal.append(pushHead("refused")), { code: "journal_unwritable" });
    assert.equal((await journal.append(pushHead("next"))).location.segment, 2);
    assert.equal(fstatSync(app).size, 0);
    closeSync(app);
  });
}

test("a file system that cannot sync a folder is tolerated", { skip: process.platform === "win32" }, async (t) => {
  const dir = makeFolder(t);
  replaceFs(t, "fsync", (sync) => (fd: number, callback: fs.NoParamCallback) => {
    if (fstatSync(fd).isDirectory()) callback(systemError("EINVAL"));
    else sync(fd, callback);
  });
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  assert.equal((await journal.append(pushHead("p"))).location.segment, 1);
});

test("after a failed append the newest segment can be dropped, and the journal accepts appends again", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("done"));
  let refused = 0;
  journal.onAppendFailed = () => refused++;
  const volume = 4_000;
  replaceFs(t, "write", (write) => (...all: unknown[]) => {
    const used = readdirSync(dir)
      .filter((name) => name.endsWith(".ndjson"))
      .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    const [fd, bytes, , , , callback] = all as [number, Buffer, number, number, null, (error: Error) => void];
    if (used + bytes.length > volume && fstatSync(fd).isFile()) callback(systemError("ENOSPC"));
    else (write as (...args: unknown[]) => void)(...all);
  });
  let appended = 0;
  const append = (): Promise<unknown> => journal.append(pushHead(`p${appended++}`));
  await assert.rejects(
    (async () => {
      for (;;) await append();
    })(),
    { code: "journal_unwritable" },
  );
  assert.equal(refused, 1);
  assert.deepEqual(
    journal.droppable().map(({ segment }) => segment),
    [1],
  );
  await journal.drop(1);
  const { head, location } = await journal.append(pushHead("next"));
  assert.equal(location.segment, 2);
  assert.ok((head as PushHead).seq > appended, "the numbering goes on");
});

test("POSIX only: a segment that is a symbolic link is read, and never written to", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = makeFolder(t);
  const victim = join(makeFolder(t), "victim");
  const text = `{"kind":"segment","version":1,"seq":1}\n${JSON.stringify({ ...pushHead("p"), seq: 1 })}\nno line feed`;
  writeFileSync(victim, text);
  symlinkSync(victim, join(dir, "000001.ndjson"));
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  assert.equal((await journal.append(pushHead("q"))).location.segment, 2);
  assert.equal(readFileSync(victim, "utf8"), text);
  assert.deepEqual(await idsOf(dir), ["p", "q"]);
});

test("POSIX only: a folder that other users can write to causes a warning, once at each opening", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = makeFolder(t);
  const warnings: string[] = [];
  for (const mode of [0o777, 0o770, 0o755, 0o700]) {
    chmodSync(dir, mode);
    const onWarning = (code: string, message: string): void => {
      warnings.push(`${mode.toString(8)} ${code}`);
      assert.ok(message.includes(dir));
    };
    await (await openJournal(dir, { onWarning })).close();
  }
  assert.deepEqual(warnings, ["777 folder_open_to_others", "770 folder_open_to_others"]);
});

test("Linux only: a backlog over hundreds of files is read under ulimit -n 64", {
  skip: process.platform !== "linux",
  timeout: 60_000,
}, async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir, { segmentBytes: 1 });
  const content = { headers: {}, body: Buffer.from("{}") };
  for (let i = 0; i < 200; i++) await journal.append(pushHead(`p${i}`), content);
  await journal.close();
  const script = await compile("test/middleware/journal/backlog.fixture.ts");
  t.after(() => script.remove());
  const command = 'ulimit -n 64; exec "$0" "$@"';
  const printed = execFileSync("sh", ["-c", command, process.execPath, script.file, dir], { timeout: 30_000 });
  assert.equal(String(printed), "200\n");
  assert.equal(existsSync(join(dir, "lock")), false);
});
