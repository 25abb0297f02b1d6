import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { Filters } from "airudder-devproxy";
import { openJournal } from "airudder-webhooks/journal";
import { filterRows } from "../../../devproxy/src/journal/filters.js";
import { rowOf, rowsOf } from "../../../devproxy/src/journal/ids.js";
import { JournalIndex } from "../../../devproxy/src/journal/journal-index.js";
import { openSnapshot } from "../../../devproxy/src/journal/store.js";
import { sample, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

async function recorded(t: Parameters<typeof startProxy>[0]) {
  const { proxy, app, dir } = await startProxy(t, { whenDown: "fail" });
  const call = JSON.parse(sample("call.completed/answered").toString());
  app.reply = ({ body }, response) => void response.writeHead(body.includes("fail-me") ? 500 : 200).end("{}");
  await send(proxy.localUrl, sample("call.completed/answered"));
  await send(proxy.localUrl, JSON.stringify({ ...call, TaskName: "fail-me" }));
  await send(proxy.localUrl, sample("dialer.task/running"));
  await send(proxy.localUrl, JSON.stringify({ TaskID: "t9", Sign: "x", Details: "no list", note: "Grüße \\ 12/7" }));
  await app.stop();
  await send(proxy.localUrl, '{"odd":"\\u0047r\\u00fc\\u00dfe"}');
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  return { proxy, dir, call };
}

test("each filter selects the matching pushes", async (t) => {
  const { dir, call } = await recorded(t);
  const reader = await openSnapshot(dir);
  const cases: [Filters, number[]][] = [
    [{}, [1, 2, 3, 4, 5]],
    [{ type: "call.completed" }, [1, 2, 4]],
    [{ type: "unknown" }, [5]],
    [{ type: "waba.message.status" }, []],
    [{ status: "accepted" }, [1, 3, 4]],
    [{ status: "quarantined" }, []],
    [{ status: "failed" }, [2]],
    [{ status: "undelivered" }, [5]],
    [{ task: call.TaskID }, [1, 2]],
    [{ call: call.Details[0].CallID, status: "failed" }, [2]],
    [{ workflow: call.workflow_id }, [1, 2, 3]],
    [{ since: "10m" }, [1, 2, 3, 4, 5]],
    [{ until: "10m" }, []],
    [{ since: "2000-01-01", until: "2001-01-01" }, []],
    [{ text: "FAIL-me" }, [2]],
    [{ text: "grüße" }, [4, 5]],
    [{ text: "no such text" }, []],
  ];
  for (const [filters, expected] of cases) {
    const rows = await filterRows(reader, reader.index.rows, filters);
    assert.deepEqual([filters, rows.map(({ push }) => push.seq)], [filters, expected]);
  }
});

const codings: [string, (body: string) => Buffer][] = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
];

test("a text is also found in a compressed push", async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const [coding, compress] of codings) {
    const body = compress(`{"note":"sent by ${coding}, ${"very ".repeat(100)}compressed"}`);
    await send(proxy.localUrl, body, { headers: { "content-encoding": coding } });
  }
  await send(proxy.localUrl, "not by gzip", { headers: { "content-encoding": "gzip" } });
  const reader = await openSnapshot(dir);
  const find = async (text: string) =>
    (await filterRows(reader, reader.index.rows, { text })).map(({ push }) => push.seq);
  assert.deepEqual(await find("very compressed"), [1, 2, 3]);
  for (const [location, [coding]] of codings.entries())
    assert.deepEqual(await find(`sent by ${coding}`), [location + 1]);
  assert.deepEqual(await find("not by gzip"), [4]);
});

test("a text is found in pushes that an inbox moved to newer segments; they keep their order", async (t) => {
  const dir = makeFolder(t);
  const inbox = await openJournal(dir, { segmentBytes: 600 });
  const put = (seq: number, text: string) =>
    inbox.append({ ...pushHead(`push-00${seq}`), seq }, { headers: {}, body: Buffer.from(JSON.stringify({ text })) });
  for (const seq of [9, 3, 8, 2, 7, 1]) await put(seq, seq % 3 === 0 ? "needle" : "a needle");
  assert.ok(inbox.segments().length > 1);
  await inbox.close();
  const reader = await openSnapshot(dir);
  const find = async (text: string) =>
    (await filterRows(reader, reader.index.rows, { text })).map(({ push }) => push.seq);
  assert.deepEqual(await find("needle"), [1, 2, 3, 7, 8, 9]);
  assert.deepEqual(await find("a needle"), [1, 2, 7, 8]);
});

test("ids, numbers and ranges select pushes", async (t) => {
  const { dir } = await recorded(t);
  const { index } = await openSnapshot(dir);
  const long = String(index.rows[2]?.push.id);
  const cases: [string[], number[]][] = [
    [["2"], [2]],
    [["#2"], [2]],
    [[long], [3]],
    [["2..4"], [2, 3, 4]],
    [["#4..#9"], [4, 5]],
    [["..2"], [1, 2]],
    [["4.."], [4, 5]],
    [
      ["5", "1", "1..2"],
      [5, 1, 2],
    ],
  ];
  for (const [ids, expected] of cases) {
    assert.deepEqual([ids, rowsOf(index, ids).map(({ push }) => push.seq)], [ids, expected]);
  }
});

const wrong: [string, RegExp][] = [
  ["6", /no push 6; the journal contains #1 to #5/],
  ["0", /no push 0/],
  ["7..9", /no push in 7\.\.9/],
  ["4..2", /is reversed/],
  ["..", /not an id/],
  ["1-3", /not an id/],
  ["1.5", /not an id/],
  ["-1", /not an id/],
  ["0mwqy9aao000059aa764c19x", /no push/],
  ["", /not an id/],
];

test("an id without a push is reported in one line", async (t) => {
  const { dir } = await recorded(t);
  const { index } = await openSnapshot(dir);
  for (const [id, message] of wrong) assert.throws(() => rowsOf(index, [id]), { exit: 2, message }, id);
});

test("the prefix of an id selects its push; a number is always a sequence number", () => {
  const index = new JournalIndex();
  const location = { segment: 1, offset: 0, length: 1 };
  const ids = ["0mwqy9aao0000", "0mwqy9aao0001", "4f2a", "4f2ab", "1234567", "9c1d-77"];
  ids.forEach((id, i) => {
    index.add({ head: { ...pushHead(id), seq: i + 1 }, location });
  });
  const cases: [string, number][] = [
    ["0mwqy9aao0000", 1],
    ["4f2a", 3],
    ["9c1d", 6],
    ["5", 5],
    ["#5", 5],
  ];
  for (const [id, seq] of cases) assert.equal(rowOf(index, id).push.seq, seq, id);
  const wrongOnes: [string, RegExp][] = [
    ["0mwq", /The id 0mwq is ambiguous: it is the beginning of 0mwqy9aao0000 \(#1\), 0mwqy9aao0001 \(#2\)\.$/],
    ["9c1", /"9c1" is not an id\. .*at least 4 characters/],
    ["1234567", /There is no push 1234567;/],
    ["beef", /There is no push beef;/],
  ];
  for (const [id, message] of wrongOnes) assert.throws(() => rowOf(index, id), { exit: 2, message }, id);
});

test("a filter with a wrong value is reported in one line", async (t) => {
  const reader = await openSnapshot(makeFolder(t));
  const cases: [Filters, RegExp][] = [
    [
      { status: "good" },
      /--status "good" is unknown\. Give one of handled, ignored, failed, dead, quarantined, stored, dropped, accepted, undelivered/,
    ],
    [{ since: "yesterday" }, /--since "yesterday" is not a time/],
    [{ until: "10" }, /--until "10" is not a time/],
    [{ since: "2026-13-45" }, /--since/],
    [{ since: "10m", until: "2h" }, /--since 10m is later than --until 2h/],
  ];
  for (const [filters, message] of cases) {
    await assert.rejects(filterRows(reader, reader.index.rows, filters), { exit: 2, message });
  }
});
