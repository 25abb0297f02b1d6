import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { parseRetention } from "../../../devproxy/src/config/index.js";
import { applyRetention, isSegmentFull, segmentsToDrop } from "../../../devproxy/src/journal/retention.js";
import { RetentionTask } from "../../../devproxy/src/journal/retention-task.js";
import { openSnapshot, Store } from "../../../devproxy/src/journal/store.js";
import { type Reply, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

/** A journal of small segments with one push per segment. */
async function segmented(t: import("node:test").TestContext, count: number): Promise<Store> {
  const store = await Store.open(makeFolder(t), { segmentBytes: 100 });
  t.after(() => store.close());
  for (let n = 1; n <= count; n++) {
    const at = new Date().toISOString();
    const common = { method: "POST", url: "/", type: "unknown", verified: false, source: "local", size: 2, sha256: "" };
    await store.record({ kind: "push", id: `push-${n}`, at, ...common }, { headers: {}, body: Buffer.from("{}") });
  }
  return store;
}

const seqs = (store: Store) => store.index.rows.map(({ push }) => push.seq);

test("with a number, whole segments are dropped, oldest first, and that number of pushes stays", async (t) => {
  const store = await segmented(t, 8);
  assert.equal(await applyRetention(store, parseRetention("3")), 5);
  assert.deepEqual(seqs(store), [6, 7, 8]);
  const { index } = await openSnapshot(store.dir);
  assert.deepEqual(
    index.rows.map(({ push }) => push.seq),
    [6, 7, 8],
  );
  assert.equal(await applyRetention(store, parseRetention("3")), 0);
});

test("with an age, only segments whose newest record is older are dropped, and never the active one", async (t) => {
  const store = await segmented(t, 4);
  const day = 86_400_000;
  assert.deepEqual(segmentsToDrop(store, parseRetention("1d"), Date.now() + day / 2), []);
  assert.equal(segmentsToDrop(store, parseRetention("1d"), Date.now() + 2 * day).length, 3);
});

test("a push that waits for the app keeps its segment and all later ones", async (t) => {
  const store = await segmented(t, 6);
  await store.record({ kind: "mark", push: "push-3", at: "", state: "acknowledged" });
  await applyRetention(store, parseRetention("1"));
  assert.deepEqual(seqs(store), [3, 4, 5, 6]);
  await store.record({ kind: "delivery", push: "push-3", at: "", target: "", status: 200, ms: 1, cause: "queued" });
  await applyRetention(store, parseRetention("1"));
  assert.deepEqual(seqs(store), [6]);
});

test("a push in an inbox keeps its segment until it is handled", async (t) => {
  const dir = makeFolder(t);
  const inbox = await Store.open(dir, { segmentBytes: 100 });
  for (let n = 1; n <= 6; n++)
    await inbox.record({ ...pushHead(`push-${n}`), source: "inbox" }, { headers: {}, body: Buffer.from("{}") });
  const mark = (push: string, state: string) => inbox.record({ kind: "mark", push, at: "", state });
  for (const id of ["push-1", "push-2", "push-4"]) await mark(id, "done");
  await mark("push-3", "dead");
  await mark("push-5", "retry");
  await inbox.close();
  const { proxy } = await startProxy(t, { journal: dir, keep: "1" });
  assert.deepEqual(seqs(proxy.store), [3, 4, 5, 6]);
});

const inDelivery: [string, (app: RecorderApp) => Promise<void> | void][] = [
  ["held while the app is down", (app) => app.stop()],
  [
    "in delivery to a slow app",
    (app) => {
      app.reply = () => undefined;
    },
  ],
];

for (const [name, obstruct] of inDelivery) {
  test(`pushes ${name} are kept, however many come after them`, async (t) => {
    const app = await new RecorderApp().start();
    const timeouts = { responseMs: 600, holdMs: 600 };
    const { proxy } = await startProxy(t, { app, keep: "10", timeouts });
    await obstruct(app);
    const replies: Promise<Reply>[] = [];
    let recorded = 0;
    proxy.store.listeners.add(({ head }) => {
      if (head.kind === "push") recorded++;
    });
    for (let n = 1; n <= 60; n++) {
      replies.push(send(proxy.localUrl, `{"n":${n}}`));
      await until(() => recorded === n);
    }
    for (const { status } of await Promise.all(replies)) assert.equal(status, 200);
    assert.equal(proxy.store.index.rows.length, 60, "every undelivered push with the response 200 is kept");
  });
}

test("the numbering continues after everything was dropped and the journal was opened again", async (t) => {
  const store = await segmented(t, 5);
  await applyRetention(store, parseRetention("1"));
  await store.close();
  const again = await Store.open(store.dir);
  t.after(() => again.close());
  const { head } = await again.record(pushHead("next-1"), { headers: {}, body: Buffer.alloc(0) });
  assert.equal(head.kind === "push" && head.seq, 6);
});

test("a running proxy limits the size of its journal, and keeps every newer push", async (t) => {
  const { proxy, dir, events } = await startProxy(t, { keep: "20", segmentBytes: 4_000 });
  for (let n = 1; n <= 100; n++) assert.equal((await send(proxy.localUrl, `{"n":${n}}`)).status, 200);
  await until(() => proxy.store.index.rows.length < 40);
  assert.ok(readdirSync(dir).filter((name) => name.endsWith(".ndjson")).length < 15);
  const kept = seqs(proxy.store);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 101 - kept.length + i),
  );
  assert.ok(kept.length >= 20);
  assert.ok(events.some((event) => event.event === "note" && event.code === "dropped"));
});

test("with an age, a segment is closed after a day, so that it is dropped in time", () => {
  const hour = 3_600_000;
  const keep = parseRetention("30d");
  assert.equal(isSegmentFull(keep, 1_000_000, 23 * hour), false);
  assert.equal(isSegmentFull(keep, 1, 24 * hour), true);
  assert.equal(isSegmentFull(parseRetention("2h"), 1, hour / 5), true);
});

test("a journal whose pushes are all too old is emptied at the start, although its segment is not full", async (t) => {
  const store = await Store.open(makeFolder(t));
  const at = new Date(Date.now() - 40 * 86_400_000).toISOString();
  const common = { method: "POST", url: "/", type: "unknown", verified: false, source: "local", size: 2, sha256: "" };
  await store.record({ kind: "push", id: "old-0001", at, ...common }, { headers: {}, body: Buffer.from("{}") });
  await store.close();
  const { proxy } = await startProxy(t, { journal: store.dir, keep: "30d" });
  assert.deepEqual(seqs(proxy.store), []);
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  assert.equal(proxy.store.index.rows.length, 1);
});

test("with an age, nothing is reported if there is nothing to drop", async (t) => {
  const store = await Store.open(makeFolder(t));
  t.after(() => store.close());
  const codes: string[] = [];
  const task = new RetentionTask(store, { ms: 1 }, (event) => codes.push(event.event === "note" ? event.code : ""));
  t.after(() => task.close());
  await store.record(pushHead("only-one"), { headers: {}, body: Buffer.from("{}") });
  await until(async () => {
    await task.run();
    return store.index.rows.length === 0;
  });
  for (let look = 0; look < 3; look++) await task.run();
  assert.deepEqual(codes, ["dropped"]);
});

test("with a number of pushes, a segment is closed when it contains a tenth of them, whatever its size", async (t) => {
  const { proxy } = await startProxy(t, { keep: "100" });
  for (let n = 1; n <= 140; n++) await send(proxy.localUrl, `{"n":${n}}`);
  await until(() => proxy.store.index.rows.length <= 120);
  assert.ok(proxy.store.index.rows.length >= 100);
});

test("an invalid --keep is reported in one clear line", () => {
  for (const text of ["", "0", "0d", "-1", "many", "30 days", "1.5d"]) {
    assert.throws(() => parseRetention(text), { exit: 2, message: /--keep .* is not valid/ }, text);
  }
  assert.deepEqual(parseRetention("2h"), { ms: 7_200_000 });
  assert.deepEqual(parseRetention("50000"), { pushes: 50_000 });
});
