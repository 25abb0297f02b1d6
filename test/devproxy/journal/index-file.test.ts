import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connectControl } from "../../../devproxy/src/client/client.js";
import type { JournalReader } from "../../../devproxy/src/journal/store.js";
import { openSnapshot, Store } from "../../../devproxy/src/journal/store.js";
import { run, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

/** The index file identifies a segment by these bytes at both ends. */
const EDGE_BYTES = 4_096;
const content = { headers: { "content-type": "application/json" }, body: Buffer.from("{}") };

function delivery(push: string, status: number) {
  const at = new Date().toISOString();
  return { kind: "delivery", push, at, target: "http://localhost:3000/", status, ms: 1.25, cause: "live" } as const;
}

/** A closed journal of several segments, with unusual texts, and with deliveries and marks of pushes in older segments. */
async function makeJournal(t: TestContext, segmentBytes = 2_000): Promise<string> {
  const dir = makeFolder(t);
  const store = await Store.open(dir, { segmentBytes });
  const odd = ['\u0000\n"', "\ud800", "รับสาย 😀", "0042", "2026-01-31T08:00:00.000Z", "deadbeef00", ""];
  for (let n = 1; n <= 40; n++) {
    const id = `push-${String(n).padStart(4, "0")}`;
    const task = odd[n % odd.length] as string;
    const at = new Date(1_700_000_000_000 + n).toISOString();
    await store.recordPush(
      { ...pushHead(id), at, task, call: `C${n}`, subject: `unknown|${task}|C${n}`, drift: n },
      content,
    );
    await store.record(delivery(id, n % 3 === 0 ? 500 : 200), content);
    if (n > 10) await store.record({ ...delivery(`push-${String(n - 10).padStart(4, "0")}`, 204), error: "odd\u0001" });
    if (n % 5 === 0) await store.record({ kind: "mark", push: "push-0001", at, state: `state-${n}`, attempt: n });
  }
  await store.close();
  return dir;
}

function contentOf({ index }: JournalReader): unknown[] {
  return index.rows.map(({ push, location, deliveries, mark }) => ({ push, location, deliveries, mark }));
}

/** The content of the segments, read without index files. */
async function scanned(dir: string): Promise<unknown[]> {
  const kept = indexFiles(dir).map((name) => [name, readFileSync(join(dir, name))] as const);
  for (const [name] of kept) rmSync(join(dir, name));
  const found = contentOf(await openSnapshot(dir));
  for (const [name, bytes] of kept) writeFileSync(join(dir, name), bytes);
  return found;
}

function indexFiles(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.endsWith(".index"));
}

test("readers and the next writer read exactly the same from index files as from the segments", async (t) => {
  const dir = await makeJournal(t);
  const segments = readdirSync(dir).filter((name) => name.endsWith(".ndjson"));
  assert.equal(indexFiles(dir).length, segments.length);
  assert.ok(segments.length > 5);
  const expected = await scanned(dir);
  assert.deepEqual(contentOf(await openSnapshot(dir)), expected);
  const store = await Store.open(dir, { segmentBytes: 2_000 });
  assert.deepEqual(contentOf(store), expected);
  assert.equal(store.index.byId("push-0007")?.push.seq, 7);
  assert.equal(store.index.bySeq(40)?.push.id, "push-0040");
  assert.equal(store.index.byId("push-9999"), undefined);
  // New records are indexed too, also those that are appended to an already indexed segment.
  for (let n = 41; n <= 60; n++) await store.recordPush(pushHead(`push-00${n}`), content);
  await store.record(delivery("push-0040", 200));
  await store.record(delivery("push-0060", 200));
  await store.close();
  const after = await scanned(dir);
  assert.equal(after.length, 60);
  assert.deepEqual(contentOf(await openSnapshot(dir)), after);
});

test("an index file saves reading its segment", async (t) => {
  const dir = await makeJournal(t, 20_000);
  const path = join(dir, "000001.ndjson");
  rmSync(join(dir, "000001.index"));
  utimesSync(path, 1_000, 1_000);
  await (await Store.open(dir)).close();
  const before = contentOf(await openSnapshot(dir));
  // Other bytes in the middle, the same size, time and ends.
  const bytes = readFileSync(path);
  bytes.fill("x", EDGE_BYTES, bytes.length - EDGE_BYTES);
  assert.ok(bytes.includes("xxxx"));
  writeFileSync(path, bytes);
  utimesSync(path, 1_000, 1_000);
  const damage: unknown[] = [];
  const reader = await openSnapshot(dir, { onDamage: (one) => damage.push(one) });
  assert.deepEqual(contentOf(reader), before);
  assert.deepEqual(damage, []);
});

const damages: [string, (dir: string) => void][] = [
  ["missing", (dir) => rmSync(join(dir, "000002.index"))],
  ["empty", (dir) => writeFileSync(join(dir, "000002.index"), "")],
  [
    "cut short",
    (dir) => writeFileSync(join(dir, "000002.index"), readFileSync(join(dir, "000002.index")).subarray(0, -9)),
  ],
  [
    "altered in one byte",
    (dir) => {
      const bytes = readFileSync(join(dir, "000002.index"));
      bytes[bytes.length - 200] = (bytes[bytes.length - 200] as number) ^ 1;
      writeFileSync(join(dir, "000002.index"), bytes);
    },
  ],
  [
    "of a newer version",
    (dir) => {
      const text = readFileSync(join(dir, "000002.index"), "latin1").replace('"version":1', '"version":2');
      writeFileSync(join(dir, "000002.index"), text, "latin1");
    },
  ],
  [
    "that of another segment",
    (dir) => writeFileSync(join(dir, "000002.index"), readFileSync(join(dir, "000003.index"))),
  ],
];

for (const [what, damage] of damages) {
  test(`an index file that is ${what} is ignored by readers, which write none, and written again by the next writer`, async (t) => {
    const dir = await makeJournal(t);
    const expected = await scanned(dir);
    const whole = readFileSync(join(dir, "000002.index"));
    damage(dir);
    const before = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).length]);
    assert.deepEqual(contentOf(await openSnapshot(dir)), expected);
    assert.deepEqual(
      readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).length]),
      before,
    );
    const store = await Store.open(dir, { segmentBytes: 2_000 });
    assert.deepEqual(contentOf(store), expected);
    await store.close();
    assert.deepEqual(readFileSync(join(dir, "000002.index")), whole);
  });
}

test("a segment that has changed since it was indexed is read", async (t) => {
  const dir = await makeJournal(t);
  const last = indexFiles(dir).at(-1)?.replace(".index", ".ndjson") ?? "";
  const line = JSON.stringify({ ...pushHead("appended"), seq: 41 });
  appendFileSync(join(dir, last), `${line}\n`);
  assert.equal((await openSnapshot(dir)).index.rows.at(-1)?.push.id, "appended");
});

test("the index file of a dropped segment is removed with it, and its damage is reported with and without an index", async (t) => {
  const dir = await makeJournal(t);
  const path = join(dir, "000003.ndjson");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace('{"kind":"push"', '{"kind" "push"'));
  const damageOf = async () => {
    const found: string[] = [];
    await openSnapshot(dir, { onDamage: ({ segment, reason }) => found.push(`${segment}: ${reason}`) });
    return found;
  };
  const before = await damageOf();
  assert.deepEqual(before, ["3: the line is not JSON"]);
  const store = await Store.open(dir, { segmentBytes: 2_000 });
  await store.drop(1);
  await store.close();
  assert.equal(indexFiles(dir).includes("000001.index"), false);
  assert.ok(indexFiles(dir).includes("000003.index"));
  assert.deepEqual(await damageOf(), before);
});

test("a running proxy packs closed segments, and still finds, changes and drops their pushes", async (t) => {
  const { proxy, dir } = await startProxy(t, { segmentBytes: 3_000 });
  for (let n = 1; n <= 30; n++) await send(proxy.localUrl, `{"n":${n}}`);
  const { index } = proxy.store;
  await until(() => index.rows.every(({ deliveries }) => deliveries.length === 1));
  await until(() => indexFiles(dir).length > 3);
  await proxy.replay({ ids: ["1..30"] });
  assert.ok(index.rows.every(({ deliveries }) => deliveries.length === 2));
  const [first] = index.rows;
  assert.ok(first);
  assert.equal(index.byId(first.push.id), first);
  assert.equal((await proxy.store.content(first.location)).body.toString(), '{"n":1}');
  await proxy.store.drop(first.location.segment);
  assert.equal(index.byId(first.push.id), undefined);
  assert.notEqual(index.rows[0], first);
  await proxy.close();
  assert.deepEqual(contentOf(await openSnapshot(dir)), await scanned(dir));
});

test("a record with a field of a wrong type counts as damaged: it is reported and skipped; the others are listed", async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
  await proxy.close();
  rmSync(join(dir, "000001.index"));
  const path = join(dir, "000001.ndjson");
  const wrong = { ...pushHead("wrong-typed"), seq: 4, type: 7, at: null };
  appendFileSync(path, `${JSON.stringify(wrong)}\n`);
  const { code, out, err } = await run(["list", "--journal", dir]);
  assert.equal(code, 0);
  assert.match(out, /3 pushes of 3\n$/);
  assert.match(err, /^Segment 1 of the journal is damaged at byte \d+: 1 record is skipped\.\n$/);
});

test("list prints the same from a running listen as without one", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { segmentBytes: 3_000 });
  for (let n = 1; n <= 70; n++) {
    app.reply = (_, response) => void response.writeHead(n % 7 === 0 ? 500 : 200).end("{}");
    await send(proxy.localUrl, `{"n":${n}}`);
  }
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  const commands = [
    ["list"],
    ["list", "--last", "5", "--json"],
    ["list", "--status", "failed", "--last", "3"],
    ["list", "--type", "unknown", "--since", "1h", "--last", "9"],
  ];
  const runAll = () => Promise.all(commands.map((args) => run([...args, "--journal", dir])));
  const beside = await runAll();
  for (const { out, code } of beside) assert.deepEqual([code, out === ""], [0, false]);
  const asked = await (await connectControl(dir))?.list({ filters: {}, last: 2 });
  assert.deepEqual([asked?.total, asked?.rows.map(({ push }) => push.seq)], [70, [69, 70]]);
  await proxy.close();
  const alone = await runAll();
  assert.deepEqual(
    beside.map(({ out, err }) => [out, err]),
    alone.map(({ out, err }) => [out, err]),
  );
});
