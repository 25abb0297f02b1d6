import assert from "node:assert/strict";
import { appendFileSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSnapshot, Store } from "../../../devproxy/src/journal/store.js";
import { makeFolder } from "../../helpers/folder.js";

const head = (id: string) => ({
  kind: "push" as const,
  id,
  at: new Date().toISOString(),
  method: "POST",
  url: "/",
  type: "unknown",
  verified: false,
  source: "local",
  size: 2,
  sha256: "0",
});
const content = { headers: {}, body: Buffer.from("{}") };

test("a write appends only the new records", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir);
  t.after(() => store.close());
  const path = join(dir, "000001.ndjson");
  await store.recordPush(head("a-000001"), content);
  const before = readFileSync(path);
  await store.recordPush(head("a-000002"), content);
  const after = readFileSync(path);
  assert.deepEqual(after.subarray(0, before.length), before);
  assert.ok(after.length - before.length < 400);
});

test("parallel records get different numbers, in the order of the journal", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir);
  const rows = await Promise.all(Array.from({ length: 500 }, (_, n) => store.recordPush(head(`many-${n}`), content)));
  assert.deepEqual(
    rows.map(({ push }) => push.seq),
    Array.from({ length: 500 }, (_, n) => n + 1),
  );
  await store.close();
  const { index } = await openSnapshot(dir);
  assert.deepEqual(
    index.rows.map(({ push }) => push.id),
    rows.map(({ push }) => push.id),
  );
});

test("an incomplete last line is truncated, the other records are read, and writing continues", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir);
  await store.recordPush(head("whole-01"), content);
  await store.close();
  const path = join(dir, "000001.ndjson");
  const whole = statSync(path).size;
  appendFileSync(path, '{"kind":"push","id":"torn-000');
  const again = await Store.open(dir);
  assert.equal(statSync(path).size, whole);
  assert.equal(again.index.rows.length, 1);
  const row = await again.recordPush(head("whole-02"), content);
  assert.equal(row.push.seq, 2);
  await again.close();
});

test("a damaged line in the middle is reported, skipped, and not changed", async (t) => {
  const dir = makeFolder(t);
  const path = join(dir, "000001.ndjson");
  const store = await Store.open(dir);
  await store.recordPush(head("first-01"), content);
  await store.close();
  appendFileSync(path, '{"kind":"push","id":\u0000\n');
  const damage: string[] = [];
  const again = await Store.open(dir, { onDamage: ({ reason }) => damage.push(reason) });
  await again.recordPush(head("second-1"), content);
  assert.deepEqual(
    again.index.rows.map(({ push }) => push.id),
    ["first-01", "second-1"],
  );
  assert.equal(damage.length, 1);
  await again.close();
  assert.ok(readFileSync(path, "utf8").includes('"id":\u0000'));
});

test("a snapshot reads what an open store writes, and cannot write", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir);
  t.after(() => store.close());
  await store.recordPush(head("first-01"), content);
  const snapshot = await openSnapshot(dir);
  const [row] = snapshot.index.rows;
  assert.ok(row);
  assert.equal((await snapshot.content(row.location)).body.toString(), "{}");
  assert.equal("record" in snapshot, false);
});

test("dropping a segment removes its pushes from the index, and later deliveries of them are ignored", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir, { segmentBytes: 300 });
  for (const n of [1, 2, 3]) await store.recordPush(head(`push-00${n}`), content);
  await store.drop(store.segments()[0]?.segment ?? 0);
  const delivery = {
    kind: "delivery",
    push: "push-001",
    at: "",
    target: "",
    ms: 1,
    cause: "live",
    status: 200,
  } as const;
  await store.record(delivery);
  assert.equal(store.index.byId("push-001"), undefined);
  assert.equal(store.index.bySeq(1), undefined);
  assert.equal(store.index.bySeq(3)?.push.id, "push-003");
  await store.close();
});
