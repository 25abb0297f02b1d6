import assert from "node:assert/strict";
import { test } from "node:test";
import { sign } from "airudder-webhooks";
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";

const call = sample("call.completed/answered");
const signed = (key: string) => JSON.stringify({ ...JSON.parse(call.toString()), TaskID: "t", Sign: sign("t", key) });
const workflow = sample("dialer.task/running");

const cases: [name: string, body: Buffer | string, flags: string[], notes: RegExp[]][] = [
  [
    "an edit that does not fit the schema",
    call,
    ["--set", "Details[0].CallTimes:=[]"],
    [/#1: the edit does not fit the schema at \/Details\/0\/CallTimes: .* expected, array set/],
  ],
  [
    "a change of the type",
    workflow,
    ["--set", "pds:=null"],
    [/#1: the edit changes the type from dialer\.task to unknown/],
  ],
  [
    "a signature with another key",
    signed("agreed"),
    ["--set", "TaskID=other"],
    [/#1: TaskID is set without --key, so the push is signed again with the vendor's published key/],
  ],
  ["nothing if the vendor's key is the right one", signed("airudder"), ["--set", "TaskID=other"], []],
  ["nothing if --key is given", signed("agreed"), ["--set", "TaskID=other", "--key", "agreed"], []],
  [
    "that no push has a Sign",
    workflow,
    ["--key", "agreed"],
    [/--key signs only pushes that carry a Sign: no push carries one/],
  ],
];

for (const [name, body, flags, notes] of cases) {
  test(`a replay reports ${name}, also with --dry-run`, async (t) => {
    const { proxy, dir } = await startProxy(t);
    await send(proxy.localUrl, body);
    await proxy.close();
    for (const more of [["--dry-run"], []]) {
      const { err } = await run(["replay", "1", "--json", ...flags, ...more, "--journal", dir]);
      const lines = err.split("\n").filter((line) => line !== "" && !line.startsWith("The app does not report"));
      assert.equal(lines.length, notes.length, err);
      for (const [i, line] of lines.entries()) assert.match(line, notes[i] as RegExp);
    }
  });
}

test("--key on some pushes without a Sign is reported once", async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const body of [workflow, call, workflow]) await send(proxy.localUrl, body);
  await proxy.close();
  const { out } = await run(["replay", "1..3", "--key", "k", "--dry-run", "--journal", dir]);
  assert.deepEqual(out.match(/^! .*$/gm), ["! --key signs only pushes that carry a Sign: 2 of 3 carry none."]);
});

test("--dry-run prints the redacted edits", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, call);
  await proxy.close();
  const edit = [
    "replay",
    "1",
    "--dry-run",
    "--set",
    "Details[0].Status=failed",
    "--set",
    "Details[0].CalleeName=Jane Doe",
  ];
  const { out } = await run([...edit, "--journal", dir]);
  assert.match(
    out,
    /^ {6}\/Details\/0\/CalleeName: "<name:[0-9a-f]+>" -> "<name:[0-9a-f]+>"\n {6}\/Details\/0\/Status: "finished" -> "failed"$/m,
  );
  assert.equal(out.includes("Jane"), false);
  const [line] = (await run([...edit, "--json", "--reveal", "--journal", dir])).lines();
  assert.deepEqual(line?.edits, [
    { path: "/Details/0/CalleeName", before: "TEST PERSON", after: "Jane Doe" },
    { path: "/Details/0/Status", before: "finished", after: "failed" },
  ]);
  assert.equal(app.requests.length, 1);
});
