import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatLine, JournalError } from "airudder-webhooks/journal";
import { Store } from "../../../devproxy/src/journal/index.js";
import { importPushes, itemsAt, LeftOut, Tally } from "../../../devproxy/src/transfer/index.js";
import { run, sha256 } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

const at = (n: number) => new Date(1e12 + n * 1000).toISOString();

/** The line of a push. */
function push(id: string, text = "{}", head: object = {}): string {
  const body = Buffer.from(text);
  const whole = { ...pushHead(id), at: at(1), seq: 1, size: body.length, sha256: sha256(body), ...head };
  return formatLine({ head: whole, content: { headers: {}, body } });
}

/** The line of a delivery. */
function delivery(id: string, n: number, head: object = {}): string {
  const whole = { kind: "delivery", push: id, at: at(n), target: "http://a.test/", status: 200, ms: n, ...head };
  return formatLine({
    head: { cause: "live", ...whole } as never,
    content: { headers: { "x-n": String(n) }, body: Buffer.from("ok") },
  });
}

function mark(id: string, n: number, state: string): string {
  return formatLine({ head: { kind: "mark", push: id, at: at(n), state } });
}

/** A file with pushes, deliveries (two of them equal) and marks. */
const LINES = [
  push("aaaa", '{"a":1}'),
  delivery("aaaa", 1),
  delivery("aaaa", 1),
  delivery("aaaa", 2, { status: 500 }),
  push("bbbb", "[2]"),
  mark("bbbb", 1, "failed"),
  mark("bbbb", 2, "handled"),
  push("cccc"),
  delivery("cccc", 3),
];

/** The records of a journal, without what the writer assigns. */
function recordsOf(journal: string): string[] {
  const lines = readFileSync(join(journal, "000001.ndjson"), "utf8").trimEnd().split("\n").slice(1);
  return lines.map((line) => line.replace(/"seq":\d+,/, ""));
}

test("an import that stopped anywhere is completed by the next one, and a third one changes nothing", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  writeFileSync(file, LINES.join("\n"));
  const whole = join(folder, "whole");
  assert.equal((await run(["import", file, "--journal", whole])).code, 0);
  const expected = recordsOf(whole);
  assert.equal(expected.length, LINES.length);
  for (let stop = 1; stop < LINES.length; stop++) {
    const journal = join(folder, `journal-${stop}`);
    const store = await Store.open(journal);
    await importPushes(itemsOf(folder, LINES.slice(0, stop)), store, options());
    const { completed } = await importPushes(itemsAt(file, new LeftOut()), store, options());
    assert.ok(completed <= LINES.length - stop, `stopped after line ${stop}: ${completed}`);
    const again = await importPushes(itemsAt(file, new LeftOut()), store, options());
    await store.close();
    assert.deepEqual([again.imported, again.completed, again.alreadyRecorded], [0, 0, 3], `stopped after line ${stop}`);
    const found = recordsOf(journal).filter((line) => !line.includes('"failed"'));
    assert.deepEqual(
      found.sort(),
      expected.filter((line) => !line.includes('"failed"')).sort(),
      `stopped after line ${stop}`,
    );
    const statuses = (await run(["list", "--json", "--journal", journal])).lines().map(({ status }) => status);
    assert.deepEqual(statuses, ["failed", "undelivered", "accepted"]);
  }
});

function options() {
  return { key: undefined, leftOut: new LeftOut(), changes: new Tally() };
}

function itemsOf(folder: string, lines: readonly string[]) {
  const file = join(folder, "part.ndjson");
  writeFileSync(file, lines.join("\n"));
  return itemsAt(file, new LeftOut());
}

test("the command reports the records that it completed", async (t) => {
  const folder = makeFolder(t);
  const [part, file, journal] = [join(folder, "part.ndjson"), join(folder, "x.ndjson"), join(folder, "journal")];
  writeFileSync(part, LINES.slice(0, 2).join("\n"));
  writeFileSync(file, LINES.slice(0, 4).join("\n"));
  await run(["import", part, "--journal", journal]);
  const { out } = await run(["import", file, "--journal", journal]);
  assert.equal(
    out,
    `imported 0 pushes into ${journal}; 1 skipped, already in the journal; 2 of their missing deliveries and marks added\n`,
  );
});

test("a journal that received a push keeps its own deliveries of it", async (t) => {
  const folder = makeFolder(t);
  const journal = join(folder, "journal");
  const store = await Store.open(journal);
  await store.record(
    { ...pushHead("cccc"), sha256: sha256(Buffer.from("{}")) },
    { headers: {}, body: Buffer.from("{}") },
  );
  const { alreadyRecorded, completed } = await importPushes(itemsOf(folder, LINES.slice(7)), store, options());
  await store.close();
  assert.deepEqual([alreadyRecorded, completed, recordsOf(journal).length], [1, 0, 1]);
});

test("an import that cannot write to the journal says what it imported, and that a second one completes it", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  writeFileSync(file, LINES.join("\n"));
  const journal = join(folder, "journal");
  const store = await Store.open(journal);
  let left = 6;
  const full = Object.assign(Object.create(store) as Store, {
    record: async (...args: Parameters<Store["record"]>) => {
      if (left-- > 0) return store.record(...args);
      throw new JournalError("journal_unwritable", "The journal cannot be written: ENOSPC");
    },
  });
  // The source waits, so that the error arrives between two records.
  const slowly = async function* () {
    for await (const item of itemsAt(file, new LeftOut())) {
      yield item;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await assert.rejects(importPushes(slowly(), full, options()), (error: Error & { exit?: number }) => {
    assert.equal(
      error.message,
      "The journal cannot be written: ENOSPC. Before that, 2 pushes were imported. Run the import again to complete it.",
    );
    assert.equal(error.exit, 3);
    return true;
  });
  const { imported, alreadyRecorded } = await importPushes(itemsAt(file, new LeftOut()), store, options());
  await store.close();
  assert.deepEqual([imported, alreadyRecorded], [1, 2]);
});

test("another push with a known id gets a new id, and only once", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  const journal = join(folder, "journal");
  writeFileSync(file, [push("aaaa", '{"a":1}'), delivery("aaaa", 1)].join("\n"));
  await run(["import", file, "--journal", journal]);
  const other = [push("aaaa", '{"a":2}'), delivery("aaaa", 2), push("aaaa", '{"a":2}'), push("aaaa", '{"a":1}')];
  writeFileSync(file, other.join("\n"));
  const { code, out, err } = await run(["import", file, "--journal", journal]);
  assert.deepEqual([code, out], [0, `imported 1 push into ${journal}: #2; 2 skipped, already in the journal\n`]);
  assert.equal(err, "1 imported with a new id, because another push in the journal has the same id: line 1\n");
  assert.equal((await run(["show", "2", "--raw", "--journal", journal])).out, '{"a":2}');
  const [, row] = (await run(["list", "--json", "--journal", journal])).lines();
  assert.deepEqual([row?.status, row?.deliveries], ["accepted", 1]);
  const again = await run(["import", file, "--journal", journal]);
  assert.equal(again.out, `imported 0 pushes into ${journal}; 3 skipped, already in the journal\n`);
  assert.equal(again.err, "");
});

test("the entries of a HAR file with one id and different bodies are different pushes", async (t) => {
  const folder = makeFolder(t);
  const [file, journal] = [join(folder, "x.har"), join(folder, "journal")];
  const entry = (text: string) => ({
    startedDateTime: at(1),
    request: { method: "POST", url: "http://a.test/", postData: { text } },
    _airudder: { id: "aaaa" },
  });
  writeFileSync(file, JSON.stringify({ log: { entries: ["{}", "{}", '{"b":1}'].map(entry) } }));
  const { out, err } = await run(["import", file, "--journal", journal]);
  assert.equal(out, `imported 2 pushes into ${journal}: #1 to #2\n`);
  assert.equal(err, "1 imported with a new id, because another push in the journal has the same id: entry 3\n");
});

test("the redacted export of a push that the journal contains as received is left out and reported", async (t) => {
  const folder = makeFolder(t);
  const [file, redacted, journal] = [join(folder, "x.ndjson"), join(folder, "r.ndjson"), join(folder, "journal")];
  writeFileSync(file, push("0aaaa", '{"CalleeName":"Budi Santoso"}'));
  await run(["import", file, "--journal", journal]);
  await run(["export", "--as", "ndjson", "--journal", journal, "--out", redacted]);
  const { out, err } = await run(["import", redacted, "--journal", journal]);
  assert.equal(out, `imported 0 pushes into ${journal}\n`);
  assert.equal(err, "1 left out, because the journal contains a push with this id that is not redacted: line 1\n");
});
