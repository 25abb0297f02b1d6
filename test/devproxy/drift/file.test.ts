import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { pushesAt, type RecordedPush, summarizeDrift } from "airudder-devproxy";
import { openJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { payloadOf, publishedSource } from "./rig.js";

const payload = { ...payloadOf("call.completed/answered"), Brand: "a\u2028b" };
const line = JSON.stringify(payload);

async function all(path: string): Promise<RecordedPush[]> {
  const pushes: RecordedPush[] = [];
  for await (const push of pushesAt(path)) pushes.push(push);
  return pushes;
}

function journalLine(fields: object): string {
  const head = { kind: "push", id: "p1", seq: 7, at: "2026-01-31T08:00:00.000Z", type: "call.completed" };
  return JSON.stringify({ ...head, ...fields });
}

const gzipped = {
  headers: { "content-encoding": "gzip" },
  encoding: "base64",
  body: gzipSync(line).toString("base64"),
};
const files: [about: string, text: string, labels: string[]][] = [
  ["one push on one line", line, ["line 1"]],
  ["one push over several lines", JSON.stringify(payload, null, 2), ["line 1"]],
  ["one push behind a byte order mark", `\ufeff${JSON.stringify(payload, null, 2)}\r\n`, ["line 1"]],
  ["pushes, one per line, and blank lines", `\n${line}\r\n\n \n${line}\n`, ["line 2", "line 5"]],
  [
    "a journal's segment",
    [
      '{"kind":"segment","version":1,"seq":7}',
      journalLine({ headers: {}, encoding: "utf8", body: line }),
      '{"kind":"delivery","push":"p1","at":"","target":"","ms":1,"cause":"live","response":{}}',
      '{"kind":"mark","push":"p1","at":"","state":"done"}',
      journalLine({ seq: 8, ...gzipped }),
      "",
    ].join("\n"),
    ["#7", "#8"],
  ],
  ["one line of a journal", journalLine({ headers: {}, encoding: "utf8", body: line }), ["#7"]],
];

for (const [about, text, labels] of files) {
  test(`drift reads a file that contains ${about}`, async (t) => {
    const path = join(makeFolder(t), "file");
    writeFileSync(path, text);
    const pushes = await all(path);
    assert.deepEqual(
      pushes.map(({ label }) => label),
      labels,
    );
    for (const { label, at } of pushes) {
      if (label.startsWith("#")) assert.equal(at, "2026-01-31T08:00:00.000Z");
      else assert.ok(Math.abs(Date.parse(at) - Date.now()) < 3_600_000, at);
    }
    const { drifting, groups } = await summarizeDrift(pushes, { schemas: publishedSource });
    assert.equal(drifting, labels.length);
    assert.deepEqual(
      groups.map(({ path, kind }) => [path, kind]),
      [["/Brand", "unknown_field"]],
    );
  });
}

test("drift reads a line that is longer than its read buffer", async (t) => {
  const path = join(makeFolder(t), "file");
  const long = JSON.stringify({ ...payload, Brand: "x".repeat(300_000) });
  writeFileSync(path, `${long}\n${line}\n${long}`);
  assert.deepEqual(
    (await all(path)).map(({ body }) => body.length),
    [Buffer.byteLength(long), Buffer.byteLength(line), Buffer.byteLength(long)],
  );
});

test("drift reads the folder of a journal, of the dev proxy or of an inbox", async (t) => {
  const folder = makeFolder(t);
  const journal = await openJournal(folder);
  t.after(() => journal.close());
  const head = {
    kind: "push",
    method: "POST",
    url: "/",
    verified: false,
    source: "local",
    size: 0,
    sha256: "",
  } as const;
  for (let i = 1; i <= 70; i++) {
    const at = new Date(Date.UTC(2026, 0, 31, 8, i)).toISOString();
    const content = { headers: {}, body: Buffer.from(line) };
    await journal.append({ ...head, id: `p${i}`, at, type: "call.completed" }, content);
  }
  const { pushes, groups } = await summarizeDrift(pushesAt(folder), { schemas: publishedSource });
  assert.equal(pushes, 70);
  assert.deepEqual([groups[0]?.count, groups[0]?.pushes], [70, ["#1", "#2", "#3"]]);
});

const wrong: [about: string, text: string, message: RegExp][] = [
  ["no JSON", "hello\nthere", /file is not JSON\. Give the folder/],
  ["cut JSON", line.slice(0, 400), /file is not JSON\. Give the folder/],
  ["a bad line among good ones", `${line}\n${line.slice(0, 50)}\n`, /^Line 2 of .*file is not JSON\.$/],
  ["a list on one line", "[1]", /^Line 1 of .*file is not a JSON object\.$/],
  ["a list over several lines", "[\n{}\n]", /file contains no push\./],
  ["a number among pushes", `${line}\n7`, /^Line 2 of .*file is not a JSON object\.$/],
  ["nothing", " \n", /file is empty\./],
];

for (const [about, text, message] of wrong) {
  test(`a file that contains ${about} is wrong usage; the message does not quote it`, async (t) => {
    const path = join(makeFolder(t), "file");
    writeFileSync(path, text);
    await assert.rejects(all(path), { code: "usage", exit: 2, message });
    await assert.rejects(all(path), (error: Error) => !/\n|hello|TaskID/.test(error.message));
  });
}

test("a missing path, and a folder that is not a journal, are wrong usage", async (t) => {
  const folder = makeFolder(t);
  await assert.rejects(all(join(folder, "nothing")), { exit: 2, message: /nothing does not exist\. Give the folder/ });
  await assert.rejects(all(folder), { exit: 2, message: /is not a journal: it contains no 000001\.ndjson\.$/ });
});

test("an unreadable journal is a JournalError", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "000001.ndjson"), '{"kind":"segment","version":99,"seq":1}\n');
  await assert.rejects(all(folder), { name: "JournalError", code: "journal_newer" });
});
