import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatLine } from "airudder-webhooks/journal";
import { run, sha256 } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

test("texts in place of the words of imported records are not shown or exported without --reveal", async (t) => {
  const folder = makeFolder(t);
  const [file, journal, app] = [join(folder, "x.ndjson"), join(folder, "journal"), join(folder, "app.mjs")];
  const body = Buffer.from("{}");
  const at = "2026-01-31T08:00:00.000Z";
  const foreign = { push: "p", at, target: "http://a.test/", status: 200, ms: 1, odd: "Plantd", deep: { a: "Plantd" } };
  const error = { stack: "Error: x\n    at f (/home/x/84912345678.js:1:1)" };
  const delivery = {
    kind: "delivery",
    ...foreign,
    result: "Plantd result",
    cause: "Plantd cause",
    aside: "Plantd aside",
  };
  const known = { ...delivery, result: "handled", cause: "replay", aside: undefined, ms: 2 };
  const content = { headers: {}, body: Buffer.from(JSON.stringify({ error })) };
  const heads = [
    {
      head: { ...pushHead("p"), at, seq: 1, sha256: sha256(body), source: "Plantd source" },
      content: { headers: {}, body },
    },
    { head: delivery, content },
    { head: known, content },
    { head: { kind: "mark", push: "p", at, state: "Plantd state" } },
  ];
  writeFileSync(file, heads.map((record) => formatLine(record as never)).join("\n"));
  writeFileSync(app, "");
  assert.equal((await run(["import", file, "--journal", journal])).out, `imported 1 push into ${journal}: #1\n`);
  const commands = [
    ...["har", "ndjson", "curl"].map((format) => ["export", "--as", format]),
    ["export", "--as", "test", "--app", app],
    ["show", "1"],
    ["show", "1", "--json"],
    ["list"],
    ["list", "--json"],
  ];
  for (const command of commands) {
    const { code, out, err } = await run([...command, "--journal", journal]);
    assert.equal(code, 0, err);
    assert.doesNotMatch(out, /Plantd|84912345678/, command.join(" "));
  }
  const lines = (await run(["export", "--as", "ndjson", "--journal", journal])).lines();
  assert.match(String(lines[1]?.result), /^<text:\w{6}>$/);
  assert.match(String(lines[1]?.cause), /^<text:\w{6}>$/);
  assert.match(String(lines[1]?.aside), /^<text:\w{6}>$/);
  assert.deepEqual([lines[2]?.result, lines[2]?.cause], ["handled", "replay"]);
  assert.match(String(lines[3]?.state), /^<text:\w{6}>$/);
  const revealed = (await run(["export", "--as", "ndjson", "--reveal", "--journal", journal])).out;
  for (const word of ["result", "cause", "aside", "state"]) assert.match(revealed, new RegExp(`Plantd ${word}`));
});
