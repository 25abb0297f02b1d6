import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatLine } from "airudder-webhooks/journal";
import { itemsAt, LeftOut, linesOf } from "../../../devproxy/src/transfer/index.js";
import { ListenProcess, run, sample, send, sha256, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

/** The line of a push. */
function line(id: string, body: string | Buffer = "{}", head: object = {}): string {
  const bytes = Buffer.from(body);
  const { seq, ...rest } = { ...pushHead(id), seq: 1, size: bytes.length, sha256: sha256(bytes), ...head };
  return formatLine({ head: { ...rest, seq }, content: { headers: { "x-id": id }, body: bytes } });
}

const good = line("good-1");
const last = line("good-2");
const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;

/** Damaged lines between two good ones, and why they are left out. */
const damaged: [string, string, RegExp | undefined][] = [
  ["not JSON", "garbage", /the line is not JSON: line 2/],
  ["half a line", good.slice(0, 40), /the line is not JSON: line 2/],
  ["not a record", "[1,2]", /the line is not a record of a journal: line 2/],
  ["a payload", '{"a":1}', /the line is not a record of a journal: line 2/],
  ["a newer kind", '{"kind":"dream","push":"x"}', /a newer version wrote the record: line 2/],
  ["no id", line("x").replace('"id":"x",', ""), /the line is not a record of a journal: line 2/],
  ["a wrong type", line("x", "{}", { at: 5 }), /the field at is not a string: line 2/],
  ["another body", line("x").replace('"body":"{}"', '"body":"{1}"'), /the body does not match its digest: line 2/],
  ["no body", line("x").replace(/,"headers".*/, "}"), /the push has no headers or no body: line 2/],
  ["odd headers", line("x").replace('{"x-id":"x"}', '{"a":{"b":1}}'), /the headers are malformed: line 2/],
  ["headers in a list", line("x").replace('{"x-id":"x"}', "[]"), /the headers are malformed: line 2/],
  [
    "a delivery of another push",
    '{"kind":"delivery","push":"zzz","at":"","target":"","ms":1,"cause":"live"}',
    /the record belongs to a push that is not in the source: line 2/,
  ],
  ["the first line of a segment", '{"kind":"segment","version":1,"seq":1}', undefined],
  ["blank", "  \r", undefined],
  ["bytes that are not UTF-8", "\u00ff\u00fe", /the line is not JSON: line 2/],
  ["nested too deeply", deep, /the line is not a record of a journal: line 2|the line is not JSON: line 2/],
];

for (const [what, middle, reason] of damaged) {
  test(`import skips and reports a damaged line: ${what}`, async (t) => {
    const folder = makeFolder(t);
    const file = join(folder, "x.ndjson");
    writeFileSync(file, Buffer.from(`${good}\n${middle}\n${last}\n`, what.startsWith("bytes") ? "latin1" : "utf8"));
    const journal = join(folder, "journal");
    const { code, out, err } = await run(["import", file, "--journal", journal]);
    assert.deepEqual([code, out], [0, `imported 2 pushes into ${journal}: #1 to #2\n`], err);
    if (reason === undefined) assert.equal(err, "");
    else assert.match(err, new RegExp(`^1 left out, because ${reason.source}\n$`));
  });
}

/** Paths that contain nothing to import, with the exit code and the message. */
const wrong: [string, string | Buffer | undefined, RegExp][] = [
  ["a missing file", undefined, /missing does not exist\. Give a file or a folder to import\./],
  ["an empty file", "", /is not complete JSON\. Give a HAR file/],
  ["text", "hello\nworld", /is not complete JSON/],
  ["half a HAR file", '{"log":{"version":"1.2","entries":[{"startedDateTime":', /is not complete JSON/],
  ["a list", "[1]", /contains neither a HAR log nor a JSON object/],
  ["a number", "1", /contains neither a HAR log nor a JSON object/],
  ["bytes", Buffer.from([0xff, 0xfe, 0]), /is not complete JSON/],
];

test("import rejects a path without pushes on one line, with exit code 2, and creates no journal", async (t) => {
  const folder = makeFolder(t);
  const journal = join(folder, "journal");
  for (const [what, content, message] of wrong) {
    const file = join(folder, content === undefined ? "missing" : "file");
    if (content !== undefined) writeFileSync(file, content);
    const { code, out, err } = await run(["import", file, "--journal", journal]);
    assert.deepEqual([what, code, out], [what, 2, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
  }
  mkdirSync(join(folder, "empty"));
  const empty = await run(["import", join(folder, "empty"), "--journal", journal]);
  assert.deepEqual([empty.code, existsSync(journal)], [2, false]);
  assert.match(empty.err, /is not a journal: it contains no file such as 000001\.ndjson/);
  // The target must be a journal, or a folder to create.
  const file = join(folder, "x.ndjson");
  writeFileSync(file, `${good}\n`);
  const other = await run(["import", file, "--journal", folder]);
  assert.equal(other.code, 3);
  assert.match(other.err, /is not a journal: it contains neither/);
  writeFileSync(file, `{"kind":"segment","version":99,"seq":1}\n${good}\n`);
  const newer = await run(["import", file, "--journal", journal]);
  assert.equal(newer.code, 3);
  assert.match(newer.err, /format 99; this version reads up to 1/);
});

test("import reads a damaged copy of a journal's folder, and reports where it is damaged", async (t) => {
  const folder = makeFolder(t);
  const copy = join(folder, "copy");
  mkdirSync(copy);
  const segment = '{"kind":"segment","version":1,"seq":1}\n';
  writeFileSync(join(copy, "000003.ndjson"), `${segment}${good}\ngarbage\n${line("x").replace("{}", "[]")}\n${last}\n`);
  const journal = join(folder, "journal");
  const { code, out, err } = await run(["import", copy, "--journal", journal]);
  assert.deepEqual([code, out], [0, `imported 2 pushes into ${journal}: #1 to #2\n`], err);
  assert.match(err, /1 left out, because the line does not end with a brace: segment 3, byte \d+/);
  assert.match(err, /1 left out, because the record is damaged: segment 3, byte \d+/);
  writeFileSync(join(copy, "000003.ndjson"), `${segment}garbage\n`);
  const all = await run(["import", copy, "--journal", journal]);
  assert.equal(all.code, 3);
  assert.match(all.err, /No push of the journal .* can be read/);
});

test("import takes the exact bytes of a JSON file as the body of a push, and creates the journal", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "push.json");
  const body = Buffer.concat([Buffer.from("\n"), sample("call.completed/answered"), Buffer.from("\r\n")]);
  writeFileSync(file, body);
  const journal = join(folder, "a", "journal");
  const { code, out, err } = await run(["import", file, "--journal", journal]);
  assert.deepEqual([code, out, err], [0, `imported 1 push into ${journal}: #1\n`, ""]);
  assert.deepEqual((await run(["show", "1", "--raw", "--journal", journal])).stdout, body);
  const [row] = (await run(["list", "--json", "--journal", journal])).lines();
  assert.equal(row?.type, "call.completed");
  assert.ok(readdirSync(journal).includes("config.json"));
});

test("import does not write to a journal that listen has locked: exit code 3", async (t) => {
  const { app, proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  const file = join(dir, "..", `${sha256(Buffer.from(dir))}.ndjson`);
  writeFileSync(file, `${good}\n`);
  const before = readFileSync(join(dir, "000001.ndjson"));
  const { code, out, err } = await run(["import", file, "--journal", dir]);
  assert.deepEqual([code, out], [3, ""]);
  assert.match(err, /^airudder-devproxy: The journal \S+ is in use by process \d+ on \S+\. Stop that process[^\n]*\n$/);
  assert.deepEqual(readFileSync(join(dir, "000001.ndjson")), before);
  await listening.stop();
  const again = await run(["import", file, "--journal", dir]);
  assert.match(again.out, /imported 1 push into .*: #2/);
});

test("an id that is not an id, and equal pushes without an id, get ids that a second import recognizes", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  writeFileSync(file, `${line("../evil")}\n${line("<id:000000000000>")}\n${line("<id:000000000000>")}\n`);
  const journal = join(folder, "journal");
  const first = await run(["import", file, "--journal", journal]);
  const count = Number(/imported (\d+)/.exec(first.out)?.[1]);
  const ids = (await run(["list", "--json", "--reveal", "--journal", journal])).lines().map(({ id }) => String(id));
  for (const id of ids) assert.match(id, /^[0-9a-z]{9}[0-9a-f]{16}$/);
  assert.equal(new Set(ids).size, count);
  const second = await run(["import", file, "--journal", journal]);
  assert.equal(second.out, `imported 0 pushes into ${journal}; 3 skipped, already in the journal\n`);
});

test("a line that is longer than the limit is skipped without being kept in memory", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  writeFileSync(file, `${good}\n${"x".repeat(300_000)}\n${last}`);
  const lines: [number, number | undefined][] = [];
  for await (const { number, bytes } of linesOf(file, 100_000)) lines.push([number, bytes?.length]);
  assert.deepEqual(lines, [
    [1, good.length],
    [2, undefined],
    [3, last.length],
  ]);
});

test("a huge line without a record is rejected with a clear error", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.json");
  writeFileSync(file, Buffer.alloc(257 * 1024 * 1024, "x"));
  const read = async () => {
    for await (const _ of itemsAt(file, new LeftOut()));
  };
  await assert.rejects(read(), /is larger than 256 MB, the maximum for HAR\. Split it, or export it as ndjson\./);
});

test("deeply nested bodies are imported and exported byte for byte; a test file leaves them out or truncates them", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "deep.json");
  const body = `{"a":${deep}}`;
  writeFileSync(file, body);
  const journal = join(folder, "journal");
  const imported = await run(["import", file, "--journal", journal]);
  assert.deepEqual([imported.code, imported.err], [0, ""]);
  for (const format of ["har", "ndjson", "curl", "test"]) {
    const app = format === "test" ? ["--app", file] : [];
    for (const reveal of [[], ["--reveal"]]) {
      const { code, out, err } = await run(["export", "--as", format, "--journal", journal, ...app, ...reveal]);
      const isLeftOut = format === "test" && reveal.length > 0;
      assert.equal(code, isLeftOut ? 1 : 0, `${format} ${err.slice(0, 500)}`);
      if (!isLeftOut && reveal.length === 0) assert.ok(out.includes("<nested too deeply>"), format);
      assert.doesNotMatch(err, / at /);
    }
  }
  const { out } = await run(["export", "--as", "ndjson", "--reveal", "--journal", journal]);
  assert.equal(JSON.parse(out).body, body);
});
