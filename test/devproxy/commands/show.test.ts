import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { DeliveryEvent } from "airudder-devproxy";
import { openJournal } from "airudder-webhooks/journal";
import { JournalIndex } from "../../../devproxy/src/journal/index.js";
import { LiveReporter, Screen } from "../../../devproxy/src/report/index.js";
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const reject = (code: string) => (_: unknown, response: import("node:http").ServerResponse) =>
  void response.writeHead(401).end(JSON.stringify({ error: { code, message: "no" } }));

test("no command prints personal data, whatever the name of the field", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  app.reply = (_, response) => void response.end('{"savedFor":"Jane Doe"}');
  const agent = JSON.parse(sample("dialer.agent.bare/hangup").toString());
  Object.assign(agent.body, { agentName: "Jane Doe", newName: "Jane Doe", wa_id: "62811000001", "+62811000001": 1 });
  const pushes = [agent, { recipient: "Jane Doe", "62811000001": 62811000001 }, ["Jane Doe"], "Jane Doe +62811000001"];
  for (const push of pushes) await send(`${proxy.localUrl}?to=62811000001`, JSON.stringify(push));
  app.reply = (_, response) => void response.writeHead(500).end('{"savedFor":"Jane Doe of 62811000001"}');
  await proxy.close();
  const ids = pushes.map((_, i) => String(i + 1));
  const commands = [
    ["list"],
    ["list", "--json"],
    ["drift"],
    ["drift", "--json"],
    ["replay", "1..4"],
    ["replay", "1..4", "--json"],
  ];
  for (const args of [
    ...commands,
    ...ids.flatMap((id) => [
      ["show", id],
      ["show", id, "--json"],
      ["show", id, "--curl"],
    ]),
  ]) {
    const { code, out, err } = await run([...args, "--journal", dir]);
    assert.equal(code, 0, err);
    assert.equal(/Jane|62811/.test(out + err), false, `${args.join(" ")}: ${out}${err}`);
  }
});

test("an id that is a phone number or an e-mail address is redacted as in the body, and filters find its original value", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const push = JSON.parse(sample("call.completed/answered").toString());
  push.TaskID = "+62811000001";
  push.Details[0].CallID = "jane@x.test";
  await send(proxy.localUrl, JSON.stringify(push));
  await send(proxy.localUrl, sample("call.completed/answered"));
  await proxy.close();
  const at = ["--journal", dir];
  const [shown] = (await run(["show", "1", "--json", ...at])).lines() as [
    { head: Record<string, string>; body: { TaskID: string; Details: { CallID: string }[] } },
  ];
  const task = shown.body.TaskID;
  const call = shown.body.Details[0]?.CallID;
  assert.match(`${task} ${call}`, /^<id:\w{12}> <id:\w{12}>$/);
  assert.deepEqual([shown.head.task, shown.head.call], [task, call]);
  const found = ["--task", "+62811000001", "--call", "jane@x.test"];
  for (const args of [
    ["show", "1"],
    ["list", ...found],
    ["list", "--json", ...found],
    ["replay", "--dry-run", ...found],
  ]) {
    const { out } = await run([...args, ...at]);
    assert.match(out, /<id:\w+>.*<id:\w+>/s);
    assert.equal(/62811|jane/.test(out), false, out);
    if (args[0] === "replay") continue;
    assert.ok(out.includes(task) && out.includes(String(call)), out);
    const revealed = (await run([...args, "--reveal", ...at])).out;
    assert.ok(revealed.includes("+62811000001") && revealed.includes("jane@x.test"), revealed);
  }
  for (const id of [task, task.slice(1, -1)]) {
    for (const args of [
      ["list", "--json"],
      ["replay", "--dry-run", "--json"],
    ]) {
      const rows = (await run([...args, "--task", id, "--call", String(call), ...at])).lines();
      assert.deepEqual(
        rows.map(({ seq }) => seq),
        [1],
      );
    }
  }
  const { TaskID, Details } = JSON.parse(sample("call.completed/answered").toString());
  const [readable] = (await run(["list", "--json", "--call", Details[0].CallID, ...at])).lines();
  assert.deepEqual([readable?.task, readable?.call], [TaskID, Details[0].CallID]);
});

test("a compressed push is printed decompressed; --raw writes the received bytes", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const body = gzipSync(sample("dialer.task/running"));
  await send(proxy.localUrl, body, { headers: { "content-encoding": "gzip" } });
  await proxy.close();
  const at = ["--journal", dir];
  const [shown] = (await run(["show", "1", "--json", "--reveal", ...at])).lines();
  assert.deepEqual(shown?.body, JSON.parse(sample("dialer.task/running").toString()));
  assert.deepEqual((await run(["show", "1", "--raw", ...at])).stdout, body);
  assert.match((await run(["replay", "1", "--set", "TaskID=x", ...at])).err, /compressed \(gzip\)/);
});

test("placeholders of an inbox are the same in list, show and replay", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const inbox = await openJournal(dir);
  for (const id of ["push-1", "push-2"])
    await inbox.append({ ...pushHead(id), url: "/?n=+62811000001" }, { headers: {}, body: Buffer.from("{}") });
  await inbox.close();
  const to = ["--to", `${app.url}?n=+62811000001`];
  const seen = new Set<string | undefined>();
  for (const args of [
    ["list", "--json"],
    ["show", "2"],
    ["replay", "1", ...to],
    ["replay", "1", "--json", ...to],
    ["replay", "1", "--json", "--dry-run"],
    ["list", "--json"],
  ]) {
    const { code, out, err } = await run([...args, "--journal", dir]);
    assert.equal(code, 0, err);
    for (const [found] of out.matchAll(/\?n=(<phone:\w+>)/g)) seen.add(found);
  }
  assert.equal(seen.size, 1, [...seen].join());
});

test("if only the first bytes of a response were recorded, show says how many", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  for (const body of [`{"a":"${"\u00e9".repeat(50_000)}"}`, Buffer.alloc(70_000, 0xff), "x".repeat(70_000)]) {
    app.reply = (_, response) => void response.end(body);
    await send(proxy.localUrl, "{}");
  }
  await proxy.close();
  for (const [id, what] of [
    ["1", "JSON: --reveal shows them"],
    ["2", "text"],
    ["3", "JSON: --reveal shows them"],
  ] as const) {
    const { out } = await run(["show", id, "--journal", dir]);
    assert.ok(out.includes(`<the first 65536 bytes, which are not ${what}>`), out);
  }
  assert.match((await run(["show", "1", "--reveal", "--journal", dir])).out, /"a":"\u00e9+$/m);
});

test("listen and show print the code of an error response beside its status; the hint for bad_token is printed once", async (t) => {
  const { proxy, app, dir, events } = await startProxy(t);
  app.reply = reject("bad_token");
  for (const n of [1, 2]) await send(proxy.localUrl, `{"n":${n}}`);
  const deliveries = events.filter((event): event is DeliveryEvent => event.event === "delivery");
  assert.deepEqual(
    deliveries.map(({ status, code }) => [status, code]),
    [
      [401, "bad_token"],
      [401, "bad_token"],
    ],
  );
  let printed = "";
  const stream = Object.assign(Object.create(process.stdout), {
    write: (text: string) => (printed += text),
    isTTY: false,
  });
  const reporter = new LiveReporter(new Screen(stream), new JournalIndex());
  for (const delivery of deliveries) reporter.report(delivery);
  assert.match(
    printed,
    /^\S+ +#\S+ +401 .* bad_token\n\S+ +! .*put it into --target, as in \.\.\.\?token=SECRET\n.* 401 .* bad_token\n$/,
  );
  await proxy.close();
  assert.match((await run(["show", "1", "--journal", dir])).out, / {2}401 bad_token {2}/);
});

test("a damaged journal is reported with one line per segment, without its content; exit code 3 if no push can be read", async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
  await proxy.close();
  const file = join(dir, "000001.ndjson");
  const lines = readFileSync(file, "utf8").split("\n");
  const spoil = (from: number) =>
    lines.map((line, i) => (i >= from && line !== "" ? "Jane \u001b[31m +62811000001" : line)).join("\n");
  writeFileSync(file, spoil(3));
  const some = await run(["list", "--json", "--journal", dir]);
  assert.deepEqual([some.code, some.lines().length], [0, 1]);
  assert.match(some.err, /^Segment 1 of the journal is damaged at byte \d+ and after: 4 records are skipped\.\n$/);
  writeFileSync(file, spoil(0));
  for (const args of [["list"], ["show", "1"]]) {
    const none = await run([...args, "--journal", dir]);
    assert.deepEqual([none.code, none.out], [3, ""]);
    assert.match(none.err, /^airudder-devproxy: No push of [^\n]* can be read: Segment 1 [^\n]*\n$/);
    assert.equal(/Jane|62811/.test(none.err), false);
  }
});

test("a damaged record is reported without its content", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, '{"who":"Jane"}');
  await proxy.close();
  const file = join(dir, "000001.ndjson");
  writeFileSync(file, readFileSync(file, "utf8").replace('"encoding":"utf8"', '"encoding":Jane8f'));
  const { code, out, err } = await run(["show", "1", "--journal", dir]);
  assert.deepEqual([code, out], [3, ""]);
  assert.match(err, /^airudder-devproxy: [^\n]*damaged[^\n]*\n$/);
  assert.equal(err.includes("Jane"), false);
});

test("an empty journal is not damaged", async (t) => {
  const { proxy, dir } = await startProxy(t, { journal: makeFolder(t) });
  await proxy.close();
  assert.equal((await run(["list", "--journal", dir])).code, 0);
});
