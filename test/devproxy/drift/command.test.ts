import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Operation, pushesAt } from "airudder-devproxy";
import { openJournal } from "airudder-webhooks/journal";
import { publishSchemas } from "../../../scripts/generate/publish.js";
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { strictAjv } from "../../schemas/pushes.js";
import { applyPatch } from "./json-patch.js";
import { payloadOf } from "./rig.js";

const { resolve } = createRequire(import.meta.url);
const root = fileURLToPath(new URL("../../..", import.meta.url));

before(() => {
  const published = join(root, "middleware/dist/schemas");
  if (!existsSync(published)) publishSchemas(join(root, "schemas"), published);
});

test("drift: summarizes a journal with the published schemas; the printed patch makes the pushes valid", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const call = payloadOf("call.completed/answered");
  Object.assign(call.Details[0], { RingType: "voicemail", CallTimes: "3", Status: "+491511234567" });
  const task = { ...payloadOf("dialer.task/running"), Brand: "Jane Doe" };
  for (const push of [call, call, task]) await send(proxy.localUrl, JSON.stringify(push));
  await send(proxy.localUrl, '{"hello":1}');
  await proxy.close();
  const at = ["--journal", dir];

  const people = await run(["drift", ...at]);
  assert.equal(people.code, 0, people.err);
  assert.match(people.out, /^call\.completed {2}\/Details\/\*\/CallTimes {2}wrong type {2}2 pushes$/m);
  assert.match(people.out, /#1, #2$/m);
  assert.match(people.out, /^4 drifts in 3 of 4 pushes; 1 of an unknown type$/m);
  assert.equal(/Jane|4915/.test(people.out), false);

  const revealed = await run(["drift", "--json", "--reveal", ...at]);
  const patches = revealed.lines().filter(({ event }) => event === "patch") as { file: string; patch: Operation[] }[];
  assert.deepEqual(
    patches.map(({ file }) => file),
    ["airudder-webhooks/schemas/call.completed.json", "airudder-webhooks/schemas/dialer.task.json"],
  );
  for (const [i, { file, patch }] of patches.entries()) {
    const schema = JSON.parse(readFileSync(resolve(file), "utf8"));
    assert.equal(strictAjv().compile(schema)([call, task][i]), false);
    assert.equal(strictAjv().compile(applyPatch(schema, patch))([call, task][i]), true);
  }

  const filtered = (await run(["drift", "--json", "--type", "dialer.task", ...at])).lines();
  assert.deepEqual(
    filtered.map(({ event, path }) => [event, path]),
    [
      ["drift", "/Brand"],
      ["patch", undefined],
    ],
  );
  const none = await run(["drift", "--until", "2020-01-01", ...at]);
  assert.deepEqual([none.code, none.out], [0, "no drift in 0 pushes\n"]);
});

test("drift: replays are left out and counted, for a folder and for a file", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const body = Buffer.from(JSON.stringify({ ...payloadOf("call.completed/answered"), Brand: "new" }));
  // Inboxes of earlier versions stored replays.
  for (const [id, replay] of [["first"], ["second", "doctor"], ["third", "0190-recorded"]] as const) {
    const head = { ...pushHead(id), source: "inbox", type: "call.completed", size: body.length };
    await journal.append(replay === undefined ? head : { ...head, replay }, { headers: {}, body });
  }
  await journal.close();

  const people = await run(["drift", "--journal", dir]);
  assert.match(people.out, /^1 drift in 1 of 1 push; 2 left out: replays and test pushes$/m, people.err);
  const json = await run(["drift", "--json", "--journal", dir]);
  assert.equal(json.lines()[0]?.count, 1);
  assert.equal(json.err, "2 left out: replays and test pushes\n");
  let replays = 0;
  for await (const { isReplay } of pushesAt(join(dir, "000001.ndjson"))) if (isReplay) replays++;
  assert.equal(replays, 2);
});

test("drift: exits 2 for wrong usage and 3 for an unreadable journal; skips and reports a damaged line", async (t) => {
  const folder = makeFolder(t);
  const cases: [string[], number, RegExp][] = [
    [["drift", "--since", "soon", "--journal", folder], 2, /--since "soon" is not a time/],
    [["drift", "extra", "--journal", folder], 2, /too many arguments/],
    [["drift", "--journal", join(folder, "nowhere")], 3, /does not exist/],
  ];
  for (const [args, code, message] of cases) {
    const result = await run(args);
    assert.deepEqual([result.code, result.out], [code, ""], result.err);
    assert.match(result.err, message);
    assert.match(result.err, /^airudder-devproxy: [^\n]+\n$/);
  }
  await (await openJournal(folder)).close();
  writeFileSync(join(folder, "000001.ndjson"), '{"kind":"segment","version":1,"seq":1}\nrubbish\n');
  const damaged = await run(["drift", "--journal", folder]);
  assert.deepEqual([damaged.code, damaged.out], [3, ""]);
  assert.match(
    damaged.err,
    /^airudder-devproxy: No push of .* can be read: Segment 1 .* at byte 39: 1 record is skipped\.\n$/,
  );
});

test("drift: help names every flag, with an example", async () => {
  const { code, out } = await run(["drift", "--help"]);
  assert.equal(code, 0);
  for (const flag of ["--journal", "--type", "--status", "--since", "--until", "--text", "--json", "--reveal"]) {
    assert.ok(out.includes(flag), flag);
  }
  assert.match(out, /Example:\n {2}airudder-devproxy drift/);
});

test("drift: prints patches only with --json, and none for a quarantined push", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, '{"TaskID":"t","Sign":"x","TaskName":"n","workflow_id":"w","workflow_name":"w"}');
  const call = { ...JSON.parse(sample("call.completed/answered").toString()), NewField: 1 };
  await send(proxy.localUrl, JSON.stringify(call));
  await proxy.close();
  const { out } = await run(["drift", "--journal", dir]);
  assert.match(out, /^The schemas are part of airudder-webhooks\. Report the drift there/m);
  assert.doesNotMatch(out, /"op":|node_modules/);
  assert.match(out, /\/Details {2}missing field(.*\n)*? {2}left out {2}of the schema patch: the push is quarantined/);
  const patches = (await run(["drift", "--json", "--journal", dir])).lines().filter(({ event }) => event === "patch");
  const paths = patches.flatMap(({ patch }) => (patch as Operation[]).map(({ path }) => path));
  assert.deepEqual(paths, ["/properties/NewField"]);
});
