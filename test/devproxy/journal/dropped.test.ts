import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { segmentPath } from "airudder-webhooks/journal";
import { makeOutput, readFolder } from "../../../devproxy/src/commands/index.js";
import { pushesOfRows } from "../../../devproxy/src/drift/pushes.js";
import { filterRows } from "../../../devproxy/src/journal/filters.js";
import type { Row } from "../../../devproxy/src/journal/row.js";
import { editableRows, SkippedPushes } from "../../../devproxy/src/replay/index.js";
import { parseEdit } from "../../../devproxy/src/replay/parse-edit.js";
import { send, startProxy, until } from "../../helpers/devproxy.js";

/** A running proxy with 4 pushes, each in a segment of its own. */
async function fourSegments(t: TestContext) {
  const rig = await startProxy(t, { segmentBytes: 100 });
  for (let n = 1; n <= 4; n++) await send(rig.proxy.localUrl, `{"n":${n},"word":"needle"}`);
  await until(() => rig.proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  return rig;
}

test("--text, drift and --set leave out a segment that is dropped during the command, and count its pushes", async (t) => {
  const { dir } = await fourSegments(t);
  const reader = await readFolder(dir, makeOutput());
  const { rows } = reader.index;
  rmSync(segmentPath(dir, rows[0]?.location.segment as number));
  const found = await filterRows(reader, rows, { text: "needle" });
  assert.deepEqual(
    found.map(({ push }) => push.seq),
    [2, 3, 4],
  );
  assert.equal(reader.dropped, 1);
  const labels: string[] = [];
  for await (const pushes of pushesOfRows(reader, rows)) for (const { label } of pushes) labels.push(label);
  assert.deepEqual(labels, ["#2", "#3", "#4"]);
  const edits = { set: [parseEdit("n=5")], key: undefined };
  await editableRows(reader, rows, edits, new SkippedPushes(() => undefined), () => undefined);
  assert.equal(reader.dropped, 1);
});

test("a replay during retention skips the pushes that were dropped, reports their number, and sends the others", async (t) => {
  const { proxy, app } = await fourSegments(t);
  app.requests.length = 0;
  const segments = proxy.store.index.rows.map(({ location }) => location.segment);
  app.reply = async (_, response) => {
    if (app.requests.length === 1) {
      await proxy.store.drop(segments[1] as number);
      await proxy.store.drop(segments[2] as number);
    }
    response.end("{}");
  };
  const summary = await proxy.replay({ ids: ["1..4"] });
  assert.deepEqual([summary.total, summary.dropped, summary.interrupted], [2, 2, undefined]);
  assert.equal(app.requests.length, 2);
});

test("drift shows its progress, and reports a damaged record", async (t) => {
  const { dir, proxy } = await fourSegments(t);
  await proxy.close();
  const reader = await readFolder(dir, makeOutput());
  const counts: number[] = [];
  for await (const pushes of pushesOfRows(reader, reader.index.rows, (count) => counts.push(count))) {
    for (const { body } of pushes) assert.match(body.toString(), /^\{"n":\d,"word":"needle"\}$/);
  }
  assert.deepEqual(counts, [1, 2, 3, 4]);
  const path = segmentPath(dir, reader.index.rows[1]?.location.segment as number);
  writeFileSync(path, readFileSync(path, "utf8").replace("needle", "needl\u0007"));
  const readAll = async () => {
    for await (const pushes of pushesOfRows(reader, reader.index.rows)) for (const _ of pushes);
  };
  await assert.rejects(readAll(), {
    code: "journal_damaged",
    exit: 3,
    message: /Segment \d+ of the journal is damaged/,
  });
});

test("drift names the location of a damaged record between others", async (t) => {
  const { dir, proxy } = await startProxy(t);
  for (let n = 1; n <= 4; n++) await send(proxy.localUrl, `{"n":${n},"word":"needle"}`);
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  await proxy.close();
  const reader = await readFolder(dir, makeOutput());
  const [
    ,
    ,
    {
      location: { offset, length },
    },
  ] = reader.index.rows as [Row, Row, Row];
  const path = join(dir, "000001.ndjson");
  const bytes = readFileSync(path);
  bytes.set([0x07], bytes.indexOf("needle", offset));
  assert.ok(bytes.indexOf(0x07) < offset + length);
  writeFileSync(path, bytes);
  const labels: string[] = [];
  const readAll = async () => {
    for await (const pushes of pushesOfRows(reader, reader.index.rows))
      for (const { label } of pushes) labels.push(label);
  };
  await assert.rejects(readAll(), { message: new RegExp(`Segment 1 of the journal is damaged at byte ${offset}:`) });
  assert.deepEqual(labels, ["#1", "#2"]);
});
