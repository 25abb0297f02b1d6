import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Damage,
  type JournalOptions,
  openJournal,
  type PushHead,
  type RecordEntry,
  readJournal,
} from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

const content = { headers: {}, body: Buffer.from('{"text":"whole"}') };
const first = (dir: string): string => join(dir, "000001.ndjson");

/** A journal of one push in each of two segments. */
async function fill(dir: string): Promise<RecordEntry[]> {
  const journal = await openJournal(dir, { segmentBytes: 1 });
  const entries = [await journal.append(pushHead("a"), content), await journal.append(pushHead("b"), content)];
  await journal.close();
  return entries;
}

function change(file: string, from: string, to: string): string {
  const text = readFileSync(file, "utf8").replace(from, to);
  writeFileSync(file, text);
  return text;
}

function listeners(): { damages: Damage[]; warnings: string[]; options: JournalOptions } {
  const damages: Damage[] = [];
  const warnings: string[] = [];
  const options: JournalOptions = {
    onDamage: (damage) => damages.push(damage),
    onWarning: (code) => warnings.push(code),
  };
  return { damages, warnings, options };
}

test("a dropped segment with a damaged line is renamed instead of removed, and its number is not used again", async (t) => {
  const dir = makeFolder(t);
  const [entry] = await fill(dir);
  const damaged = change(first(dir), '"kind":"push"', '"kind"#"push"');
  const { damages, warnings, options } = listeners();
  const journal = await openJournal(dir, options);
  assert.deepEqual(
    journal.segments().map((state) => state.damaged),
    [true, false],
  );
  assert.deepEqual(damages, [{ ...entry?.location, reason: "the line is not JSON" }]);
  await journal.drop(1);
  assert.deepEqual(warnings, ["segment_kept"]);
  assert.equal(readFileSync(`${first(dir)}.kept`, "utf8"), damaged);
  assert.equal(journal.segments().length, 1);
  await journal.close();
  rmSync(join(dir, "000002.ndjson"));
  const again = await openJournal(dir, options);
  t.after(() => again.close());
  assert.equal((await again.append(pushHead("next"))).location.segment, 2);
  assert.equal(damages.length, 1);
});

test("a record whose body is damaged is reported once, when it is read", async (t) => {
  const dir = makeFolder(t);
  const [entry] = await fill(dir);
  change(first(dir), 'whole\\"', 'whole"');
  const { damages, options } = listeners();
  const journal = await openJournal(dir, options);
  t.after(() => journal.close());
  assert.equal(damages.length, 0);
  const location = (entry as RecordEntry).location;
  for (let i = 0; i < 2; i++) await assert.rejects(journal.read(location), { code: "journal_unreadable" });
  assert.deepEqual(damages, [{ ...location, reason: "the line is not JSON" }]);
  assert.equal(journal.segments()[0]?.damaged, true);
});

test("a body that does not match its digest counts as damaged, although its line can be parsed", async (t) => {
  const dir = makeFolder(t);
  const writer = await openJournal(dir);
  const sha256 = "a74dfc6a8df71ce12ba8f6b0e42b0a2a7ecd1bd8d4ad6eb46bc8bba2a4e7be9c";
  const { location } = await writer.append({ ...pushHead("other"), sha256 }, content);
  t.after(() => writer.close());
  await assert.rejects(writer.read(location), /the body does not match its digest/);
});

test("records of kinds that only a newer version knows are skipped and kept, and do not count as damage", async (t) => {
  const dir = makeFolder(t);
  await fill(dir);
  const text = change(first(dir), "\n", '\n{"kind":"later","push":"a","x":1}\n');
  const { damages, warnings, options } = listeners();
  const ids: string[] = [];
  const journal = await openJournal(dir, { ...options, onRecord: ({ head }) => ids.push((head as PushHead).id) });
  t.after(() => journal.close());
  assert.deepEqual([ids, damages, warnings], [["a", "b"], [], ["unknown_records"]]);
  assert.deepEqual(
    journal.segments().map(({ damaged, unknown }) => [damaged, unknown]),
    [
      [false, true],
      [false, false],
    ],
  );
  await journal.drop(1);
  assert.equal(readFileSync(`${first(dir)}.kept`, "utf8"), text);
  assert.deepEqual(damages, []);
});

test("a journal of a newer format is rejected before anything is written, whichever segment has that format", async (t) => {
  const dir = join(makeFolder(t), "journal");
  mkdirSync(dir);
  const files = {
    "000001.ndjson": '{"kind":"segment","version":1,"seq":1}\n',
    "000002.ndjson": '{"kind":"segment","version":2,"seq":1}\n{"kind":"push"}\n',
    "000003.ndjson": '{"kind":"segment","version":1,"seq":1}\n{"kind":"push","torn',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  for (const open of [openJournal, readJournal]) await assert.rejects(open(dir), { code: "journal_newer" });
  assert.deepEqual(readdirSync(dir).sort(), Object.keys(files));
  for (const [name, text] of Object.entries(files)) assert.equal(readFileSync(join(dir, name), "utf8"), text);
  assert.equal(existsSync(join(dir, "lock")), false);
});
