import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatLine } from "airudder-webhooks/journal";
import { run, sha256, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

const body = Buffer.from("{}");

function push(id: string, head: object = {}, headers: Record<string, string | string[]> = {}): string {
  return formatLine({
    head: { ...pushHead(id), seq: 1, sha256: sha256(body), size: 2, ...head },
    content: { headers, body },
  });
}

test("the names of imported headers get lower case; headers that HTTP does not allow stay, and a replay leaves them out", async (t) => {
  const folder = makeFolder(t);
  const { proxy, app, dir } = await startProxy(t);
  await proxy.close();
  const file = join(folder, "x.ndjson");
  const headers = {
    "Content-Type": "application/json",
    "X-Two": "1",
    "x-two": ["2", "3"],
    "bad header": "1",
    "x-break": "a\r\nx-injected: 1",
    "x-wide": "\u4e2d",
    "x-good": "\u00e9",
  };
  const response = { "X-Response": "1" };
  const delivery = {
    kind: "delivery",
    push: "good",
    at: "2026-01-31T08:00:00Z",
    target: "",
    status: 200,
    ms: 1,
    cause: "live",
  };
  const lines = [
    push("good"),
    formatLine({ head: delivery as never, content: { headers: response, body } }),
    push("odd", {}, headers),
  ];
  writeFileSync(file, lines.join("\n"));
  const { code, out, err } = await run(["import", file, "--journal", dir]);
  assert.deepEqual([code, out], [0, `imported 2 pushes into ${dir}: #1 to #2\n`]);
  assert.equal(err, "1 imported with headers that HTTP does not allow, and that a replay does not send: line 3\n");
  const shown = (await run(["export", "--as", "ndjson", "--reveal", "--journal", dir])).lines();
  assert.deepEqual((shown[1] as { response: { headers: object } }).response.headers, { "x-response": "1" });
  const { "Content-Type": type, "X-Two": _, "x-two": __, ...others } = headers;
  assert.deepEqual(shown[2]?.headers, { "content-type": type, "x-two": ["1", "2", "3"], ...others });
  const replayed = await run(["replay", "2", "--to", app.url, "--journal", dir]);
  assert.equal(replayed.code, 0, replayed.err + replayed.out);
  const received = app.requests[0]?.headers ?? {};
  assert.equal(received["content-type"], type);
  assert.equal(received["x-good"], "\u00e9");
  for (const name of ["bad header", "x-break", "x-injected", "x-wide"]) assert.equal(received[name], undefined, name);
});

test("records without a valid time are left out and reported; others get the time in UTC", async (t) => {
  const folder = makeFolder(t);
  const [file, journal] = [join(folder, "x.ndjson"), join(folder, "journal")];
  const mark = (at: string) => formatLine({ head: { kind: "mark", push: "good", at, state: "handled" } });
  const lines = [
    push("good", { at: "2026-01-31T09:00:00+01:00" }),
    push("a-date", { at: "not a date" }),
    push("a-year", { at: "1" }),
    push("empty", { at: "" }),
    push("far", { at: "2026-99-31T09:00:00Z" }),
    mark("never"),
    mark("2026-01-31T09:00:00.123456+01:00"),
  ];
  writeFileSync(file, lines.join("\n"));
  const { out, err } = await run(["import", file, "--journal", journal]);
  assert.equal(out, `imported 1 push into ${journal}: #1\n`);
  assert.equal(err, "5 left out, because the field at is not a time: line 2, line 3, line 4, line 5, line 6\n");
  const [one, two] = (await run(["export", "--as", "ndjson", "--reveal", "--journal", journal])).lines();
  assert.deepEqual([one?.at, two?.at], ["2026-01-31T08:00:00.000Z", "2026-01-31T08:00:00.123Z"]);
});

test("a delivery with a field that is nested too deeply, or with malformed headers, is left out and reported", async (t) => {
  const folder = makeFolder(t);
  const [file, journal] = [join(folder, "x.ndjson"), join(folder, "journal")];
  const start = '{"kind":"delivery","push":"good","at":"2026-01-31T08:00:00Z","target":"","ms":1,"cause":"live"';
  const deep = `${"[".repeat(9_000)}${"]".repeat(9_000)}`;
  const lines = [
    push("good"),
    `${start},"odd":${deep}}`,
    `${start},"status":200,"response":{"headers":[],"encoding":"utf8","body":""}}`,
    push("good-2"),
  ];
  writeFileSync(file, lines.join("\n"));
  const { code, out, err } = await run(["import", file, "--journal", journal]);
  assert.deepEqual([code, out], [0, `imported 2 pushes into ${journal}: #1 to #2\n`], err);
  assert.match(err, /nested too deeply: line 2/);
  assert.match(err, /the headers are malformed: line 3/);
});
