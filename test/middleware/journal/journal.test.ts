import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Damage, PushHead, RecordEntry } from "airudder-webhooks/journal";
import { JournalError, openJournal, readJournal, readRecord } from "airudder-webhooks/journal";
import fc from "fast-check";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

const content = { headers: { "content-type": "application/json" }, body: Buffer.from('{"a": "\\/ 1.0 😀"}') };

async function entriesOf(dir: string): Promise<{ entries: RecordEntry[]; damages: Damage[] }> {
  const entries: RecordEntry[] = [];
  const damages: Damage[] = [];
  await readJournal(dir, { onRecord: (entry) => entries.push(entry), onDamage: (damage) => damages.push(damage) });
  return { entries, damages };
}

test("the writer and a reader read appended records with their exact bytes", async (t) => {
  const dir = join(makeFolder(t), "new", "journal");
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  const entry = await journal.append(pushHead("p1"), content);
  assert.equal((entry.head as PushHead).seq, 1);
  assert.deepEqual(await journal.read(entry.location), { head: entry.head, content });
  assert.deepEqual(await readRecord(dir, entry.location), { head: entry.head, content });
  assert.deepEqual((await entriesOf(dir)).entries, [entry]);
});

test("any bytes and any header values are read as they were appended", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  const header = fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.string(), { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.dictionary(fc.string(), header),
      fc.string(),
      async (body, headers, url) => {
        const stored = { headers: { ...headers }, body: Buffer.from(body) };
        const entry = await journal.append({ ...pushHead("p"), url }, stored);
        const { content: found, head } = await journal.read(entry.location);
        assert.deepEqual(found?.body, stored.body);
        assert.deepEqual(found?.headers, JSON.parse(JSON.stringify(stored.headers)));
        assert.equal((head as PushHead).url, url);
      },
    ),
    { numRuns: 60 },
  );
  assert.deepEqual((await entriesOf(dir)).damages, []);
});

test("a body that is valid UTF-8 is stored as text, any other as base64", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  await journal.append(pushHead("text"), { headers: {}, body: Buffer.from('{"é":1.0}') });
  await journal.append(pushHead("bytes"), { headers: {}, body: Buffer.from([0xff, 0x00]) });
  await journal.close();
  const lines = readFileSync(join(dir, "000001.ndjson"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ encoding, body }) => [encoding, body]),
    [
      ["utf8", '{"é":1.0}'],
      ["base64", "/wA="],
    ],
  );
});

test("text in a head that looks like content is not parsed as content", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  const url = '/?x=,"headers":{"a":1},"response":{';
  await journal.append({ ...pushHead("p"), url }, content);
  await journal.append(
    { kind: "delivery", push: "p", at: "", target: url, ms: 1, cause: "live", status: 200 },
    content,
  );
  const { entries, damages } = await entriesOf(dir);
  assert.deepEqual(damages, []);
  assert.equal(((entries[0] as RecordEntry).head as PushHead).url, url);
  assert.deepEqual((await readRecord(dir, (entries[1] as RecordEntry).location)).content, content);
});

test("appends of one batch keep their order and get consecutive numbers", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  const entries = await Promise.all(Array.from({ length: 500 }, (_, i) => journal.append(pushHead(`p${i}`), content)));
  assert.deepEqual(
    entries.map(({ head }) => (head as PushHead).seq),
    Array.from({ length: 500 }, (_, i) => i + 1),
  );
  assert.deepEqual((await entriesOf(dir)).entries, entries);
});

test("opening truncates an incomplete last line, reads the records before it, and continues the numbering", async (t) => {
  const dir = makeFolder(t);
  const first = await openJournal(dir);
  const kept = await first.append(pushHead("kept"), content);
  await first.close();
  const file = join(dir, "000001.ndjson");
  const whole = statSync(file).size;
  appendFileSync(file, '{"kind":"push","id":"torn","seq":2,"at":"20');

  assert.deepEqual((await entriesOf(dir)).entries, [kept], "a reader leaves it out");
  const entries: RecordEntry[] = [];
  const second = await openJournal(dir, { onRecord: (entry) => entries.push(entry) });
  t.after(() => second.close());
  assert.deepEqual(entries, [kept]);
  assert.equal(statSync(file).size, whole);
  assert.equal(((await second.append(pushHead("next"))).head as PushHead).seq, 2);
});

test("a damaged line in the middle is skipped and reported, and never deleted", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  for (const id of ["a", "b", "c"]) await journal.append(pushHead(id), content);
  await journal.close();
  const file = join(dir, "000001.ndjson");
  const lines = readFileSync(file, "utf8").split("\n");
  const damaged = (lines[2] as string).replace('"kind":"push"', '"kind"#"push"');
  writeFileSync(file, lines.with(2, damaged).join("\n"));

  const { entries, damages } = await entriesOf(dir);
  assert.deepEqual(
    entries.map(({ head }) => (head as PushHead).id),
    ["a", "c"],
  );
  assert.equal(damages.length, 1);
  assert.equal(damages[0]?.offset, Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`));
  await (await openJournal(dir)).close();
  assert.ok(readFileSync(file, "utf8").includes(damaged));
});

test("a segment is closed at its maximum size and dropped as a whole, and the numbering continues after the drop", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir, { segmentBytes: 1000 });
  for (let i = 0; i < 12; i++) await journal.append(pushHead(`p${i}`), content);
  const segments = journal.segments();
  assert.ok(segments.length > 2);
  assert.ok(segments.every(({ bytes, lastAt }) => bytes > 0 && lastAt !== undefined));
  await assert.rejects(journal.drop(segments.at(-1)?.segment as number), RangeError);
  for (const { segment } of segments.slice(0, -1)) await journal.drop(segment);
  await journal.close();
  assert.deepEqual(readdirSync(dir).filter((name) => name.endsWith(".ndjson")).length, 1);
  const again = await openJournal(dir);
  t.after(() => again.close());
  assert.equal(((await again.append(pushHead("next"))).head as PushHead).seq, 13);
});

test("a segment can be closed before it reaches its maximum size, so that it can be dropped", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.roll();
  assert.equal(journal.segments().length, 0, "nothing to close");
  await Promise.all([journal.append(pushHead("old")), journal.roll()]);
  await journal.append(pushHead("new"));
  assert.deepEqual(
    journal.segments().map(({ segment }) => segment),
    [1, 2],
  );
  await journal.drop(1);
  assert.deepEqual(
    (await entriesOf(dir)).entries.map(({ head }) => (head as PushHead).id),
    ["new"],
  );
});

test("the numbering continues after every record was dropped", async (t) => {
  const dir = makeFolder(t);
  const first = await openJournal(dir);
  for (const id of ["a", "b"]) await first.append(pushHead(id));
  await first.roll();
  await first.drop(1);
  await first.close();
  const second = await openJournal(dir);
  t.after(() => second.close());
  assert.equal(((await second.append(pushHead("c"))).head as PushHead).seq, 3);
});

test("a journal of a newer format is rejected, and nothing is changed", async (t) => {
  const dir = makeFolder(t);
  const text = '{"kind":"segment","version":2,"seq":1}\n{"kind":"push","torn';
  writeFileSync(join(dir, "000001.ndjson"), text);
  for (const open of [openJournal, readJournal]) {
    await assert.rejects(
      open(dir),
      (error: JournalError) => error.code === "journal_newer" && /Update the package/.test(error.message),
    );
  }
  assert.equal(readFileSync(join(dir, "000001.ndjson"), "utf8"), text);
});

test("a folder that cannot be created, or is a file, is a clear error", async (t) => {
  const file = join(makeFolder(t), "file");
  writeFileSync(file, "");
  for (const dir of [file, join(file, "below")]) {
    await assert.rejects(
      openJournal(dir),
      (error: JournalError) => error.code === "journal_unwritable" && error.message.includes(dir),
    );
  }
});

test("POSIX only: the folder has the mode 0700, its files 0600, and git ignores it", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "journal");
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("p"));
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  for (const name of ["000001.ndjson", "lock", ".gitignore"])
    assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
  assert.equal(readFileSync(join(dir, ".gitignore"), "utf8"), "*\n");
});

test("POSIX only: a folder that is removed while it is open is created again, and no append is lost in a deleted file", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "journal");
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("gone"));
  rmSync(dir, { recursive: true });
  const entry = await journal.append(pushHead("kept"), content);
  assert.deepEqual((await entriesOf(dir)).entries, [entry]);
  assert.equal((entry.head as PushHead).seq, 2);
});

test("a failed append stores nothing, and the next one can succeed", async (t) => {
  const dir = join(makeFolder(t), "journal");
  const journal = await openJournal(dir, { segmentBytes: 1 });
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  renameSync(dir, `${dir}.away`);
  writeFileSync(dir, "");
  await assert.rejects(journal.append(pushHead("refused")), { name: "JournalError", code: "journal_unwritable" });
  rmSync(dir);
  renameSync(`${dir}.away`, dir);
  await journal.append(pushHead("again"));
  assert.deepEqual(
    (await entriesOf(dir)).entries.map(({ head }) => (head as PushHead).id),
    ["first", "again"],
  );
});

test("only files are segments: a folder with the name of a segment is skipped", async (t) => {
  const dir = makeFolder(t);
  mkdirSync(join(dir, "000001.ndjson"));
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  const entry = await journal.append(pushHead("p"));
  assert.equal(entry.location.segment, 2);
  assert.deepEqual((await entriesOf(dir)).entries, [entry]);
});

test("a segment that another process created is skipped, and never written to", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir, { segmentBytes: 1 });
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  writeFileSync(join(dir, "000002.ndjson"), "");
  assert.equal((await journal.append(pushHead("second"))).location.segment, 3);
  assert.equal(readFileSync(join(dir, "000002.ndjson"), "utf8"), "");
});

test("a closed journal rejects appends", async (t) => {
  const journal = await openJournal(makeFolder(t));
  await journal.close();
  await assert.rejects(journal.append(pushHead("p")), JournalError);
});
