import assert from "node:assert/strict";
import { test } from "node:test";
import { openJournal } from "airudder-webhooks/journal";
import { run } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

test("list prints the newest 50 pushes; with --json, all of them", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  await Promise.all(Array.from({ length: 60 }, (_, n) => journal.append(pushHead(`push-${n + 1}`))));
  await journal.close();
  const { lines } = await run(["list", "--json", "--journal", dir]);
  assert.deepEqual(
    lines().map(({ seq }) => seq),
    Array.from({ length: 60 }, (_, n) => n + 1),
  );
  const { out } = await run(["list", "--journal", dir]);
  const shown = [...out.matchAll(/^ *#(\d+) /gm)].map(([, seq]) => Number(seq));
  assert.deepEqual(
    shown,
    Array.from({ length: 50 }, (_, n) => n + 11),
  );
});

test("list marks a push whose last response was late, and no other", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const at = new Date(0).toISOString();
  const delivery = { kind: "delivery", at, target: "http://127.0.0.1:1/", status: 200, ms: 12, cause: "live" } as const;
  const deliveries: [string, boolean][] = [
    ["a", true],
    ["b", false],
    ["c", true],
    ["c", false],
  ];
  for (const id of new Set(deliveries.map(([push]) => push))) await journal.append(pushHead(id));
  for (const [push, late] of deliveries) await journal.append({ ...delivery, push, ...(late ? { late } : {}) });
  await journal.close();
  const { out } = await run(["list", "--journal", dir, "--reveal"]);
  const notes = out.split("\n").filter((line) => /^ *#\d/.test(line));
  assert.deepEqual(
    notes.map((line) => /200 +12 ms +late /.test(line)),
    [true, false, false],
  );
  const { lines } = await run(["list", "--journal", dir, "--json"]);
  assert.deepEqual(
    lines().map((row) => (row.delivery as { late?: boolean }).late),
    [true, undefined, undefined],
  );
});
