import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Content, type NewHead, openJournal } from "airudder-webhooks/journal";
import fc from "fast-check";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { run, send, sha256, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

/** Headers as Node.js delivers them: names in lower case, values of Latin-1 characters without line breaks. */
const headers = fc.dictionary(
  fc.stringMatching(/^x-[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/),
  fc.oneof(
    fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/),
    fc.array(fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,10}$/), { minLength: 2, maxLength: 3 }),
  ),
  { maxKeys: 4 },
);

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(`\ufeff${text}`)),
  fc.constant(Buffer.alloc(0)),
  fc.constant(Buffer.from([0xff, 0, 0xc3, 0x28, 0xed, 0xa0, 0x80])),
);

async function journalOf(dir: string, contents: readonly Content[]): Promise<void> {
  const journal = await openJournal(dir);
  for (const [i, content] of contents.entries()) {
    const head = { ...pushHead(`push-${i}`), at: new Date(1e12 + i).toISOString(), url: `/?n=${i}&x=%00` };
    await journal.append({ ...head, size: content.body.length, sha256: sha256(content.body) } as NewHead, content);
  }
  await journal.close();
}

async function contentsOf(dir: string): Promise<(Content & { id: string; at: string; url: string })[]> {
  const reader = await openSnapshot(dir);
  return Promise.all(
    reader.index.rows.map(async ({ push: { id, at, url }, location }) => ({
      ...(await reader.content(location)),
      id,
      at,
      url,
    })),
  );
}

function exportTo(dir: string, path: string, ...flags: string[]): ReturnType<typeof run> {
  return run(["export", "--as", "ndjson", "--reveal", "--journal", dir, "--out", path, ...flags]);
}

test("export as ndjson with --reveal, then import: the same ids, times, URLs, headers and bytes", async (t) => {
  const pushes = fc.sample(fc.record({ headers, body: bodies }), 300);
  assert.ok(pushes.some(({ body }) => body.length === 0));
  const folder = makeFolder(t);
  const [source, target] = [join(folder, "source"), join(folder, "target")];
  await journalOf(source, pushes);
  const exported = await exportTo(source, join(folder, "x.ndjson"));
  assert.deepEqual([exported.code, exported.err], [0, `exported 300 pushes to ${join(folder, "x.ndjson")}\n`]);
  const imported = await run(["import", join(folder, "x.ndjson"), "--journal", target]);
  assert.deepEqual(
    [imported.code, imported.out, imported.err],
    [0, `imported 300 pushes into ${target}: #1 to #300\n`, ""],
  );
  assert.deepEqual(await contentsOf(target), await contentsOf(source));
  // A copy of the folder instead of an export gives the same, too.
  const copy = join(folder, "copy");
  assert.equal((await run(["import", source, "--journal", copy])).code, 0);
  assert.deepEqual(await contentsOf(copy), await contentsOf(source));
});

test("export as HAR with --reveal, then import: the same bytes; and again: all pushes are skipped", async (t) => {
  const pushes = fc.sample(fc.record({ headers, body: bodies }), 100);
  const folder = makeFolder(t);
  const [source, target] = [join(folder, "source"), join(folder, "target")];
  await journalOf(source, pushes);
  const file = join(folder, "x.har");
  assert.equal((await run(["export", "--as", "har", "--reveal", "--journal", source, "--out", file])).code, 0);
  const first = await run(["import", file, "--journal", target]);
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.deepEqual(await contentsOf(target), await contentsOf(source));
  const second = await run(["import", file, "--journal", target]);
  assert.equal(second.out, `imported 0 pushes into ${target}; 100 skipped, already in the journal\n`);
  assert.equal(second.code, 0);
});

async function recorded(t: TestContext): Promise<{ dir: string; bodies: Buffer[] }> {
  const { proxy, dir } = await startProxy(t);
  const sent = [Buffer.from('{"a":1}\n'), Buffer.from([0xff, 0, 0xc3]), Buffer.from('{"é":"\\u00e9"}')];
  for (const body of sent) await send(`${proxy.localUrl}?x=${body.length}`, body, { headers: { "x-odd": "a  b" } });
  await proxy.close();
  return { dir, bodies: sent };
}

test("export, import, replay: the app receives the same bytes, headers and query", async (t) => {
  const { dir, bodies: sent } = await recorded(t);
  const folder = makeFolder(t);
  await exportTo(dir, join(folder, "x.ndjson"));
  const { proxy, app, dir: target } = await startProxy(t);
  await proxy.close();
  const { out } = await run(["import", join(folder, "x.ndjson"), "--journal", target]);
  assert.match(out, /imported 3 pushes/);
  const { code, err } = await run(["replay", "--last", "3", "--to", app.url, "--journal", target]);
  assert.equal(code, 0, err);
  assert.deepEqual(
    app.requests.map(({ body, url, headers: { "x-odd": odd } }) => [body, new URL(url, app.url).search, odd]),
    sent.map((body) => [body, `?x=${body.length}`, "a  b"]),
  );
});

test("imported pushes keep their deliveries and status, and are neither delivered by listen nor the default target", async (t) => {
  const { dir } = await recorded(t);
  const folder = makeFolder(t);
  await exportTo(dir, join(folder, "x.ndjson"));
  const target = join(folder, "journal");
  await run(["import", join(folder, "x.ndjson"), "--journal", target]);
  const listed = (await run(["list", "--json", "--journal", target])).lines();
  assert.deepEqual(
    listed.map(({ status, imported, source, deliveries }) => [status, imported, source, deliveries]),
    Array(3).fill(["accepted", true, "local", 1]),
  );
  const { proxy, app } = await startProxy(t, { journal: target });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await proxy.close();
  assert.equal(app.requests.length, 0);
  const { out } = await run(["show", "1", "--curl", "--reveal", "--journal", target]);
  assert.match(out, / 'http:\/\/localhost:3000\/webhooks\/airudder\?x=8'\n$/);
});

test("a push that waited for the app when it was exported is not delivered after its import", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { whenDown: "ack" });
  await app.stop();
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  const exported = await run(["export", "--as", "ndjson", "--journal", dir, "--out", file]);
  assert.equal(exported.code, 0, exported.err);
  assert.match(readFileSync(file, "utf8"), /"state":"acknowledged"/);
  for (const source of [file, dir]) {
    const journal = join(folder, `journal-${source === file}`);
    assert.match((await run(["import", source, "--journal", journal])).out, /imported 1 push/);
    const second = await startProxy(t, { journal });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await second.proxy.close();
    assert.equal(second.app.requests.length, 0);
  }
});

test("a redacted export is marked when it is imported, and its placeholders stay", async (t) => {
  const { dir } = await recorded(t);
  const folder = makeFolder(t);
  for (const format of ["ndjson", "har"]) {
    const file = join(folder, `x.${format}`);
    await run(["export", "--as", format, "--journal", dir, "--out", file]);
    const target = join(folder, format);
    const { code, err } = await run(["import", file, "--journal", target]);
    assert.deepEqual([code, err], [0, "3 pushes were exported redacted: a replay sends placeholders.\n"]);
    assert.match((await run(["list", "--journal", target])).out, /imported, redacted/);
    assert.match((await run(["show", "1", "--journal", target])).out, /exported redacted: a replay sends placeholders/);
    const { out } = await run(["show", "3", "--raw", "--journal", target]);
    assert.match(out, /^\{"<key:\w+>":"<text:\w+>"\}$/);
  }
});

test("the pushes of a file inbox keep the status of the inbox; importing into an inbox is rejected", async (t) => {
  const folder = makeFolder(t);
  const inbox = await openJournal(join(folder, "inbox"));
  const at = new Date(1e12).toISOString();
  for (const state of ["handled", "dead"]) {
    await inbox.append({ ...pushHead(state), source: "inbox" }, { headers: {}, body: Buffer.from("{}") });
    await inbox.append({ kind: "mark", push: state, at, state });
  }
  await inbox.close();
  const target = join(folder, "journal");
  const imported = await run(["import", join(folder, "inbox"), "--journal", target]);
  assert.deepEqual([imported.code, imported.err], [0, ""]);
  const listed = (await run(["list", "--json", "--journal", target])).lines();
  assert.deepEqual(
    listed.map(({ id, status, source }) => [id, status, source]),
    [
      ["handled", "handled", "import"],
      ["dead", "dead", "import"],
    ],
  );
  const before = readdirSync(join(folder, "inbox"));
  const { code, err } = await run(["import", target, "--journal", join(folder, "inbox")]);
  assert.equal(code, 2);
  assert.match(err, /is the inbox of an app, which would handle the imported pushes/);
  assert.deepEqual(readdirSync(join(folder, "inbox")), before);
});
