import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, verifySign } from "airudder-webhooks";
import { listSegments, segmentPath } from "airudder-webhooks/journal";
import { samplePush } from "airudder-webhooks/testing";
import { serve } from "../../helpers/app.js";
import { type Run, run, sample, send, startProxy, startRun, until } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const KEY = "trigger-key";
const NAME = "Budi Santoso";
const PHONE = "+628115550123";

/** A proxy in front of a recording app, and `trigger` for its journal. */
async function start(t: TestContext, options: Parameters<typeof startProxy>[1] = {}) {
  const started = await startProxy(t, options);
  const at = ["--journal", started.dir];
  const trigger = (...args: string[]) => run(["trigger", ...args, ...at], { env: { EDITOR: "", VISUAL: "" } });
  const payloads = () => started.app.requests.map(({ body }) => JSON.parse(body.toString().replace(/^\ufeff/, "")));
  return { ...started, at, trigger, payloads };
}

/** The exit code and the events of a run with `--json`. */
const resultOf = ({ code, lines }: Run) => [
  code,
  ...lines().map(({ event, seq, status, result, total }) => [event, seq === undefined ? total : seq, status, result]),
];

test("trigger sends a signed push through listen: recorded, delivered with cause trigger, and replayed like a live one", async (t) => {
  const receiver = airudder({ key: KEY, warnings: false, token: false }).on("call.completed", () => undefined);
  const { url } = await serve(t, receiver as never);
  const { trigger, proxy, at } = await start(t, { target: url, key: KEY });
  const text = await trigger("call.completed", "--key", KEY);
  assert.deepEqual([text.code, text.err], [0, ""]);
  assert.match(text.out, /^#1 {2}call\.completed {2}200 {2}handled {2}[\d.]+ ms\n$/);
  const fromEnvironment = await run(["trigger", "call.completed", "--count", "3", "--json", ...at], {
    env: { AIRUDDER_KEY: KEY },
  });
  assert.deepEqual(resultOf(fromEnvironment), [
    0,
    ...[2, 3, 4].map((seq) => ["trigger", seq, 200, "handled"]),
    ["summary", 3, undefined, undefined],
  ]);
  const rows = proxy.store.index.rows;
  await until(() => rows.every(({ deliveries }) => deliveries.length === 1));
  assert.deepEqual(
    rows.map(({ push, deliveries }) => [push.source, push.verified, deliveries[0]?.head.cause]),
    Array(4).fill(["trigger", true, "trigger"]),
  );
  assert.equal(new Set(rows.map(({ push }) => push.subject)).size, 4);
  const replayed = await run(["replay", "1..4", "--expect", "2xx", ...at]);
  assert.equal(replayed.code, 0, replayed.out);
  const wrongKey = await trigger("call.completed");
  assert.equal(wrongKey.code, 1);
  assert.match(
    wrongKey.out,
    /^#5 {2}call\.completed {2}401 bad_sign {2}rejected .*\n! The app rejects the signature \(bad_sign\): use --key/,
  );
  for (const [flags, message] of [
    [["--key", "wrong"], /! The app rejects the signature \(bad_sign\): the key of --key is not the app's key/],
    [
      ["--key", KEY, "--set", "Sign=abc"],
      /! The app rejects the signature \(bad_sign\): the Sign of --set is not valid for the app's key/,
    ],
  ] as const) {
    const { out } = await trigger("call.completed", ...flags);
    assert.match(out, message);
  }
  const campaign = await trigger("campaign", "--contacts", "1", "--key", "wrong");
  assert.match(campaign.out, /the key of --key is not the app's key/);
  const otherKey = await run(["replay", "1", "--key", "wrong", ...at]);
  assert.match(otherKey.out, /the key of --key is not the app's key/);
  const { out: listed } = await run(["list", ...at]);
  assert.match(listed, /#5 .* failed +401 .*\n +bad_sign: the signature is wrong\n/);
});

test("--count and --rate send new pushes; the same seed produces the same bytes", async (t) => {
  const { trigger, app } = await start(t);
  const start1 = performance.now();
  const counted = await trigger("dialer.task.bare", "--count", "10", "--rate", "20", "--json");
  assert.ok(performance.now() - start1 > 450);
  assert.equal(counted.code, 0, counted.err);
  assert.equal(new Set(app.requests.map(({ sha256 }) => sha256)).size, 10);
  app.requests.length = 0;
  for (const seed of ["7", "7", "8"]) await trigger("call.completed", "--count", "2", "--seed", seed);
  const digests = app.requests.map(({ sha256 }) => sha256);
  assert.deepEqual(digests.slice(0, 2), digests.slice(2, 4));
  assert.equal(new Set(digests).size, 4);
  assert.equal(app.requests[0]?.body.toString(), JSON.stringify(samplePush("call.completed", {}, { seed: 7 })));
});

test("--set edits every push, and an edit that does not fit sends nothing", async (t) => {
  const { trigger, app, payloads } = await start(t);
  await trigger(
    "call.completed",
    "--count",
    "2",
    "--set",
    "Details[0].CallTimes=9",
    "--set",
    "TaskID=t-1",
    "--key",
    KEY,
  );
  for (const payload of payloads()) {
    assert.deepEqual([payload.Details[0].CallTimes, payload.TaskID], [9, "t-1"]);
    assert.ok(verifySign(payload, KEY));
  }
  assert.notEqual(payloads()[0].Details[0].CallID, payloads()[1].Details[0].CallID);
  const wrong = await trigger("call.completed", "--set", "Details[0].Staus=failed");
  assert.deepEqual([wrong.code, app.requests.length], [2, 2]);
  const onPurpose = await trigger("call.completed", "--set", 'Details[0].Staus:="failed"');
  assert.equal(onPurpose.code, 0);
  assert.match(
    onPurpose.out,
    /^! call\.completed differs from the schema at \/Details\/0\/Staus: no such field expected/,
  );
});

test("--file sends its exact bytes; TYPE is optional and checked", async (t) => {
  const { trigger, app, payloads } = await start(t);
  const folder = makeFolder(t);
  const file = join(folder, "body.json");
  const bytes = Buffer.from(
    `\ufeff ${sample("call.completed/answered").toString().replace("2100000001", "2100000001.0")}\r\n`,
  );
  writeFileSync(file, bytes);
  for (const args of [[], ["call.completed"], ["--count", "2"]]) {
    const { code, out } = await trigger(...args, "--file", file);
    assert.equal(code, 0);
    assert.equal(/identified as/.test(out), false, out);
  }
  for (const { body } of app.requests) assert.deepEqual(body, bytes);
  assert.equal(app.requests.length, 4);
  const other = await trigger("workflow.status", "--file", file);
  assert.match(other.out, /^! The body is identified as call\.completed, not as workflow\.status/);
  app.requests.length = 0;
  await trigger("--file", file, "--key", KEY, "--new-ids", "--count", "2");
  assert.equal(new Set(payloads().map(({ TaskID }) => TaskID)).size, 2);
  for (const payload of payloads()) assert.ok(verifySign(payload, KEY));
  assert.ok(app.requests[0]?.body.toString().startsWith("\ufeff "));
  assert.ok(app.requests[0]?.body.toString().endsWith("\r\n"));
  writeFileSync(file, "not JSON");
  const broken = await trigger("--file", file, "--json");
  assert.deepEqual([broken.code, app.requests.at(-1)?.body.toString()], [0, "not JSON"]);
  assert.match(broken.err, /is not a JSON object/);
});

test("--file - reads standard input", async (t) => {
  const { at, app } = await start(t);
  const child = spawn(process.execPath, [programs().cli, "trigger", "--file", "-", ...at], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.end('{"from":"stdin"}');
  await once(child, "close");
  assert.equal(app.requests[0]?.body.toString(), '{"from":"stdin"}');
});

/** Runs `trigger --edit` with an editor that is a Node.js script. It gets the path of the file in `path`. */
async function edit(t: TestContext, at: string[], script: string, ...args: string[]): Promise<Run> {
  const editor = join(makeFolder(t), "editor.cjs");
  writeFileSync(
    editor,
    `const fs = require("node:fs"); const path = process.argv.at(-1); let text = fs.readFileSync(path, "utf8");
     const write = (text) => fs.writeFileSync(path, text);
     if (process.platform !== "win32" && (fs.statSync(path).mode & 0o077) !== 0) process.exit(99);
     ${script}`,
  );
  const command = `"${process.execPath}" "${editor}"`;
  return run(["trigger", "call.completed", "--edit", ...args, ...at], { env: { EDITOR: command, VISUAL: "" } });
}

test("--edit sends what the editor saves, signed again if its TaskID changed", async (t) => {
  const { at, app, payloads } = await start(t);
  const edited = await edit(
    t,
    at,
    'write(text.replace(/"TaskID": "[^"]*"/, `"TaskID": "mine"`).replace(/"finished"/, `"odd"`));',
    "--key",
    KEY,
    "--count",
    "2",
  );
  assert.equal(edited.code, 0, edited.err);
  assert.match(edited.out, /^! call\.completed differs from the schema at \/Details\/0\/Status/);
  const [first, second] = payloads();
  assert.deepEqual([first.TaskID, first.Details[0].Status, second.Details[0].Status], ["mine", "odd", "odd"]);
  assert.notEqual(second.TaskID, "mine");
  for (const payload of payloads()) assert.ok(verifySign(payload, KEY));
  assert.equal(app.requests[0]?.body.toString(), JSON.stringify(first));
  const unchanged = await edit(t, at, "");
  assert.equal(unchanged.code, 0);
  const signed = await edit(t, at, 'write(text.replace(/"Sign": "[^"]*"/, `"Sign": "own"`));');
  assert.equal(signed.code, 0);
  assert.equal(payloads().at(-1)?.Sign, "own");
  assert.equal(app.requests.length, 4);
});

test("--edit sends nothing if the editor fails, or if the file is empty or not JSON", async (t) => {
  const { at, app } = await start(t);
  const failed = await edit(t, at, "process.exit(3)");
  assert.equal(failed.code, 1);
  assert.match(failed.err, /^airudder-devproxy: The editor \(.*\) ended with exit code 3: nothing was sent\.\n$/);
  const empty = await edit(t, at, 'write("\\n")');
  assert.deepEqual([empty.code, empty.err], [1, "airudder-devproxy: The file is empty: nothing was sent.\n"]);
  const broken = await edit(t, at, "write('{\\n  \"Details\": [,]\\n}')");
  assert.equal(broken.code, 2);
  const kept =
    /see line 2, column 15 of (\S+\.json)\. Nothing was sent\. Correct the file, then send it with --file\.\n$/.exec(
      broken.err,
    )?.[1];
  assert.equal(readFileSync(String(kept), "utf8"), '{\n  "Details": [,]\n}');
  for (const text of ["[]", "7", "null"]) {
    const { code, err } = await edit(t, at, `write('${text}')`);
    assert.equal(code, 2);
    assert.match(err, /The edited body is not a JSON object: see \S+\.json\. Nothing was sent\./);
  }
  const missing = await run(["trigger", "call.completed", "--edit", ...at], {
    env: { EDITOR: "no-such-editor-1", VISUAL: "" },
  });
  assert.equal(missing.code, 1);
  assert.match(missing.err, /Set EDITOR to a program that exists/);
  assert.equal(app.requests.length, 0);
});

test("--from sends a recorded push with new ids, signed again, and no other byte changed", async (t) => {
  const { proxy, trigger, app } = await start(t);
  const payload = samplePush("call.completed", { Details: [{ CalleeName: NAME, CalleeNumber: PHONE }] }, { key: KEY });
  const text = JSON.stringify(payload, null, 3).replace('"CallTimes": 2', '"CallTimes": 2e0');
  await send(`${proxy.localUrl}?customer=7`, text, {
    headers: { "x-airudder-sign": "abc", "user-agent": "Airudder/9" },
  });
  const sent = await trigger("--from", "#1", "--count", "2", "--key", KEY);
  assert.equal(sent.code, 0, sent.err);
  assert.equal(sent.out.includes(NAME) || sent.out.includes(PHONE), false);
  const [recorded, ...copies] = app.requests;
  const ids = /"(?:TaskID|Sign|CallID|CaseID)": "[^"]*"|"id": \d+/g;
  for (const { body, url, headers } of copies) {
    const copy = body.toString();
    assert.notEqual(copy, text);
    assert.equal(copy.replace(ids, ""), text.replace(ids, ""));
    assert.ok(verifySign(JSON.parse(copy), KEY));
    assert.deepEqual([url, headers["x-airudder-sign"], headers["user-agent"]], [recorded?.url, "abc", "Airudder/9"]);
  }
  const tasks = app.requests.map(({ body }) => JSON.parse(body.toString()).TaskID);
  assert.equal(new Set(tasks).size, 3);
  const otherKey = await trigger("--from", "1");
  assert.match(
    otherKey.out,
    /^! #1 is signed again with the vendor's published key\. Its own Sign was made with another key/,
  );
});

test("pin keeps a push when its segment is dropped; trigger @NAME sends its exact bytes", async (t) => {
  const { proxy, trigger, at, app, dir } = await start(t);
  const bytes = Buffer.concat([
    Buffer.from(' {"TaskID" : "1", "x": "'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}\n'),
  ]);
  await send(`${proxy.localUrl}?a=1`, bytes, { headers: { "x-kept": "yes" } });
  await send(proxy.localUrl, sample("call.completed/answered"));
  const pinned = await run(["pin", "#1", "odd.bytes-1", ...at]);
  assert.deepEqual(
    [pinned.code, pinned.out],
    [0, "#1 is pinned as odd.bytes-1. To send it: airudder-devproxy trigger '@odd.bytes-1'\n"],
  );
  assert.equal((await run(["pin", "2", "call", ...at])).code, 0);
  if (process.platform !== "win32") {
    assert.equal(statSync(join(dir, "pins")).mode & 0o777, 0o700);
    assert.equal(statSync(join(dir, "pins", "call.json")).mode & 0o777, 0o600);
  }
  for (const { args, message } of [
    { args: ["1", "call"], message: /The pin call exists already\. Give another name, or replace it with --force\./ },
    { args: ["1", "../x"], message: /"\.\.\/x" is not a valid pin name/ },
    { args: ["1", "a".repeat(65)], message: /is not a valid pin name/ },
    { args: ["1"], message: /Give the id of a push and a name/ },
    { args: ["99", "x"], message: /There is no push 99/ },
    { args: ["--remove", "cal"], message: /There is no pin cal\. Did you mean call\?/ },
  ]) {
    const { code, err } = await run(["pin", ...args, ...at]);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, message);
  }
  const listed = await run(["pin", "--list", ...at]);
  assert.match(listed.out, /^NAME +# +TYPE .*\ncall +#2 +call\.completed .*\nodd\.bytes-1 +#1 +\S+ .*\n$/);
  assert.equal((await run(["pin", "--list", "--json", ...at])).lines().length, 2);

  await proxy.close();
  for (const segment of await listSegments(dir)) writeFileSync(segmentPath(dir, segment), "");
  app.requests.length = 0;
  const target = await new RecorderApp().start();
  t.after(() => target.stop());
  const sent = await trigger("@odd.bytes-1", "--to", target.url, "--json");
  assert.equal(sent.code, 0, sent.err);
  assert.match(sent.err, /nothing is recorded/);
  assert.deepEqual(resultOf(sent)[1], ["trigger", null, 200, undefined]);
  const [request] = target.requests;
  assert.deepEqual([request?.body, request?.url, request?.headers["x-kept"]], [bytes, "/webhooks/airudder?a=1", "yes"]);
  assert.deepEqual(
    Object.keys(request?.headers ?? {}).filter((name) => name.startsWith("airudder-")),
    [],
  );
  await trigger("@call", "--to", target.url, "--new-ids", "--set", "Details[0].Status=failed");
  const changed = JSON.parse(String(target.requests[1]?.body));
  assert.equal(changed.Details[0].Status, "failed");
  assert.notEqual(changed.TaskID, JSON.parse(sample("call.completed/answered").toString()).TaskID);
  assert.equal((await run(["pin", "--remove", "call", ...at])).code, 0);
  assert.equal((await run(["pin", "--list", ...at])).out.includes("call"), false);
  writeFileSync(join(dir, "pins", "odd.bytes-1.json"), "{}");
  assert.equal((await trigger("@odd.bytes-1", "--to", target.url)).code, 3);
});

test("--to sends the token of AIRUDDER_TOKEN; the exit code is 1 unless every response is 200", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const folder = makeFolder(t);
  const trigger = (...args: string[]) =>
    run(["trigger", "workflow.status", "--to", app.url, "--json", "--journal", join(folder, "none"), ...args], {
      env: { AIRUDDER_TOKEN: "t0ken" },
    });
  assert.equal((await trigger()).code, 0);
  assert.equal(app.requests[0]?.headers["airudder-token"], "t0ken");
  for (const status of [204, 302, 400, 500]) {
    app.reply = (_, response) =>
      void response
        .writeHead(status)
        .end(status === 500 ? '{"error":{"code":"handler_failed","message":"no"}}' : undefined);
    const { code, lines } = await trigger();
    const [event, summary] = lines();
    assert.deepEqual([code, event?.status, summary?.failed], [1, status, 1]);
    assert.equal(event?.code, status === 500 ? "handler_failed" : undefined);
  }
  await app.stop();
  const down = await trigger("--count", "2");
  assert.deepEqual([down.code, down.lines()[0]?.status, down.lines()[2]?.results], [1, null, { undelivered: 2 }]);
  assert.match(String(down.lines()[0]?.error), /ECONNREFUSED/);
  assert.deepEqual(readdirSync(folder), []);
});

test("a push that listen delivers later counts as undelivered", async (t) => {
  const { trigger, app } = await start(t, { whenDown: "ack" });
  await app.stop();
  const { code, out } = await trigger("dialer.agent");
  assert.equal(code, 1);
  assert.match(out, /#1 {2}dialer\.agent {2}200 {2}undelivered .*\n +The app did not respond\. listen responded 200/);
});

test("personal data in the errors of handlers is redacted without --reveal", async (t) => {
  const receiver = airudder({ warnings: false, token: false }).on("call.completed", ({ payload }) => {
    throw new TypeError(`no contact ${payload.Details[0]?.CalleeName} at ${payload.Details[0]?.CalleeNumber}`);
  });
  const { url } = await serve(t, receiver as never);
  const { trigger } = await start(t, { target: url });
  const args = [
    "call.completed",
    "--set",
    `Details[0].CalleeName=${NAME}`,
    "--set",
    `Details[0].CalleeNumber=${PHONE}`,
  ];
  for (const flags of [[], ["--json"]]) {
    const redacted = await trigger(...args, ...flags);
    assert.equal(redacted.code, 1);
    assert.match(redacted.out, /TypeError: no contact <value:[0-9a-f]{6}> at <value:[0-9a-f]{6}>/);
    assert.equal(`${redacted.out}${redacted.err}`.includes(NAME), false);
    assert.ok((await trigger(...args, ...flags, "--reveal")).out.includes(`no contact ${NAME} at ${PHONE}`));
  }
});

test("Ctrl+C stops the pushes that are not sent yet, and exits with 1", {
  skip: process.platform === "win32",
}, async (t) => {
  const { at, app } = await start(t);
  const running = startRun(["trigger", "call.completed", "--count", "50", "--rate", "10", ...at]);
  app.reply = (_, response) => {
    response.end("{}");
    if (app.requests.length === 3) running.child.kill("SIGINT");
  };
  const { code, err } = await running.ended;
  assert.equal(code, 1);
  assert.match(err, /^interrupted: \d+ of 50 pushes sent(?:; 1 more in flight, with an unknown result)?\n$/);
  assert.ok(app.requests.length < 10);
});

const wrong: [args: string[], message: RegExp][] = [
  [[], /Give what to send: a type \(call\.completed, .*\), campaign, @NAME, --file PATH or --from ID/],
  [["call.complete"], /"call\.complete" is not a push type\. Did you mean call\.completed\?/],
  [["call.completed", "--count", "0"], /--count/],
  [["call.completed", "--rate", "0"], /--rate/],
  [["call.completed", "--rate", "fast"], /--rate/],
  [["call.completed", "--seed", "x"], /--seed/],
  [["call.completed", "--key", ""], /--key is empty/],
  [["call.completed", "--to", "x"], /--to "x" is not an http\(s\) URL/],
  [["call.completed", "--set", "x"], /--set "x" is not path=value/],
  [["call.completed", "--new-ids"], /--new-ids is for @NAME and --file/],
  [["--file", "a", "--from", "1"], /Use either --file or --from/],
  [["@x", "--from", "1"], /@x is a pinned push/],
  [["@x"], /There is no pin x\. The journal has no pins/],
  [["@../x"], /"\.\.\/x" is not a valid pin name/],
  [["--from", "99"], /There is no push 99/],
  [["--file", "no-such-file"], /--file no-such-file does not exist/],
  [["--file", "-", "--edit"], /--edit needs standard input/],
  [["call.completed", "--edit"], /--edit needs a terminal, or an editor in VISUAL or EDITOR/],
];

test("wrong usage is reported on one line with exit code 2, and nothing is sent", async (t) => {
  const { trigger, app } = await start(t);
  for (const [args, message] of wrong) {
    const { code, out, err } = await trigger(...args);
    assert.deepEqual([args, code, out], [args, 2, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
  }
  assert.equal(app.requests.length, 0);
  const none = ["--journal", join(makeFolder(t), "none")];
  for (const args of [
    ["call.complete"],
    ["--file", "none.json"],
    ["call.completed", "--set", "TaskId=1"],
    ["campaign", "--mix", "a=1"],
  ]) {
    const { code, err } = await run(["trigger", ...args, ...none]);
    assert.equal(code, 2);
    assert.doesNotMatch(err, /No listen is running/);
  }
  const campaign = await run(["trigger", "campaign", ...none]);
  assert.deepEqual([campaign.code, campaign.out], [2, ""]);
  assert.match(campaign.err, /No listen is running/);
  const nowhere = await run(["trigger", "call.completed", "--journal", join(makeFolder(t), "none")]);
  assert.equal(nowhere.code, 2);
  assert.match(
    nowhere.err,
    /No listen is running on the journal \S+none\. Start "airudder-devproxy listen", or send .*: --to URL\.\n$/,
  );
});

test("trigger campaign sends a whole workflow through listen, in order per subject, and prints its summary", async (t) => {
  const { trigger, proxy, app } = await start(t);
  const args = ["campaign", "--contacts", "20", "--seed", "7", "--mix", "answered=50,busy=50", "--key", KEY];
  const { code, out, err } = await trigger(...args);
  assert.equal(code, 0, err);
  assert.match(
    out,
    /^campaign: 20 contacts \(10 answered, 10 busy\), .*\n(\d+) pushes: .*\n\n\1 pushes in .*: \1 accepted\n$/s,
  );
  const rows = proxy.store.index.rows;
  const total = Number(/(\d+) pushes: /.exec(out)?.[1]);
  assert.deepEqual([rows.length, app.requests.length], [total, total]);
  assert.ok(rows.every(({ push }) => push.source === "trigger" && push.drift === undefined));
  const states = new Map<string, string[]>();
  for (const { body } of app.requests) {
    const { pds } = JSON.parse(body.toString());
    if (pds?.type !== "ContactStatus") continue;
    const { callid, state } = pds.body;
    states.set(callid, [...(states.get(callid) ?? []), state]);
  }
  for (const seen of states.values()) {
    const order = ["CALLING", "RINGING", "ANSWERED", "HANGUP"].filter((state) => seen.includes(state));
    assert.deepEqual(seen, order);
  }
  const digests = app.requests.map(({ sha256 }) => sha256).sort();
  app.requests.length = 0;
  assert.equal((await trigger(...args)).code, 0);
  assert.deepEqual(app.requests.map(({ sha256 }) => sha256).sort(), digests);
});

test("a campaign that is sent twice: a note explains the duplicates", async (t) => {
  const receiver = airudder({ warnings: false, token: false });
  const { url } = await serve(t, receiver as never);
  const { trigger } = await start(t, { target: url });
  const first = await trigger("campaign", "--contacts", "2");
  assert.doesNotMatch(first.out, /seed/);
  const again = await trigger("campaign", "--contacts", "2");
  assert.match(
    again.out,
    /^! The app received \d+ of these pushes before: the same --seed produces equal pushes\. For new ones, use another, such as --seed 2\.$/m,
  );
  const json = await trigger("campaign", "--contacts", "2", "--seed", "1", "--json");
  assert.match(json.err, /such as --seed 2\./);
  const other = await trigger("campaign", "--contacts", "2", "--seed", "2");
  assert.doesNotMatch(other.out, /seed/);
});

test("--file with a campaign file needs the word campaign, and names the position of a JSON error", async (t) => {
  const { trigger, app } = await start(t);
  const file = join(makeFolder(t), "campaign.json");
  writeFileSync(file, '{"contacts": 5, "mix": {"busy": 1}}');
  const push = await trigger("--file", file);
  assert.equal(push.code, 2);
  assert.match(push.err, /is a campaign file: airudder-devproxy trigger campaign --file \S+campaign\.json\./);
  assert.equal(app.requests.length, 0);
  assert.equal((await trigger("unknown", "--file", file)).code, 0);
  writeFileSync(file, "{}");
  assert.equal((await trigger("--file", file)).code, 0);
  writeFileSync(file, '{\n  "contacts": 5,\n}');
  const broken = await trigger("campaign", "--file", file);
  assert.equal(broken.code, 2);
  assert.match(broken.err, /campaign\.json is not valid JSON: see line 3, column 1\./);
});

test("--from with another type than that of the push is wrong usage", async (t) => {
  const { proxy, trigger, app } = await start(t);
  await send(proxy.localUrl, sample("call.completed/answered"));
  await send(proxy.localUrl, sample("dialer.task.bare/running"));
  await send(proxy.localUrl, '{"a":1}');
  const { code, err, out } = await trigger("dialer.contact", "--from", "1");
  assert.deepEqual([code, out], [2, ""]);
  assert.match(err, /#1 is of type call\.completed, not dialer\.contact\. Leave out the type\./);
  assert.equal(app.requests.length, 3);
  for (const args of [
    ["call.completed", "--from", "1"],
    ["dialer.task", "--from", "2"],
    ["waba.message.status", "--from", "3"],
  ])
    assert.equal((await trigger(...args)).code, 0, args.join(" "));
});

test("a word that is not a type: pins and ids are suggested", async (t) => {
  const { proxy, trigger, at } = await start(t);
  await send(proxy.localUrl, sample("call.completed/answered"));
  await run(["pin", "1", "busy-callee", ...at]);
  assert.match((await trigger("busy-callee")).err, /Did you mean @busy-callee\?/);
  assert.match((await trigger("#1")).err, /--from '#1'/);
});

test("a campaign can be described by a file, which flags override; with --json, its first line describes it", async (t) => {
  const { trigger, app } = await start(t);
  const file = join(makeFolder(t), "campaign.json");
  writeFileSync(file, JSON.stringify({ contacts: 5, mix: { busy: 1 }, maxRedials: 0 }));
  const { code, lines } = await trigger("campaign", "--file", file, "--contacts", "3", "--rate", "1000", "--json");
  const [first, ...rest] = lines();
  assert.equal(code, 0);
  assert.deepEqual([first?.event, first?.contacts, first?.redials], ["campaign", 3, 0]);
  assert.equal(rest.filter(({ event }) => event === "trigger").length, first?.pushes);
  assert.equal(rest.at(-1)?.total, app.requests.length);
});

test("a campaign prints at most 20 failures", async (t) => {
  const { trigger, app } = await start(t);
  app.reply = (_, response) => void response.writeHead(500).end();
  const { code, out } = await trigger("campaign", "--contacts", "5");
  assert.equal(code, 1);
  assert.equal(out.match(/^#\d+ .* 500 /gm)?.length, 20);
  assert.match(out, /^\.\.\. and \d+ more failures$/m);
});

test("--as-vendor retries like Airudder, states its reading of the documentation, and reports a lost push", async (t) => {
  const { trigger, app } = await start(t);
  let requests = 0;
  app.reply = (_, response) => void response.writeHead(++requests < 3 ? 500 : 200).end("{}");
  const received = await trigger("call.completed", "--as-vendor", "--time-scale", "100");
  assert.equal(received.code, 0, received.out);
  assert.match(received.out, /^Sends as Airudder does: .* --time-scale 100: /);
  assert.match(received.out, /6 attempts for call\.completed: .* Alternative: --deliveries 5\./);
  assert.match(
    received.out,
    /attempt 2: 500, .*, failed; next attempt in 600 ms\n#3 {2}call\.completed {2}200 .*\n {6}received at attempt 3\n$/,
  );
  app.reply = (_, response) => void response.writeHead(204).end();
  app.requests.length = 0;
  const flags = ["--as-vendor", "--time-scale", "100", "--json"];
  const lost = await trigger("dialer.task", ...flags);
  const [reading, event, summary] = lost.lines();
  assert.deepEqual([lost.code, app.requests.length], [1, 5]);
  assert.deepEqual(
    [reading?.event, event?.state, (event?.attempts as unknown[] | undefined)?.length],
    ["reading", "lost", 5],
  );
  assert.deepEqual([summary?.failed, summary?.lost], [1, 1]);
  const accepted = await trigger("dialer.task", ...flags, "--accepts", "2xx");
  assert.deepEqual([accepted.code, accepted.lines()[1]?.state], [0, "received"]);
});

for (const [args, message] of [
  [["call.completed", "--contacts", "5"], /--contacts is for a campaign/],
  [["call.completed", "--time-scale", "60"], /--time-scale is for --as-vendor/],
  [["campaign", "--set", "TaskID=1"], /--set is not for a campaign/],
  [["campaign", "--edit"], /--edit is not for a campaign/],
  [["campaign", "--mix", "answerd=1"], /"answerd" is not an outcome\. Did you mean "answered"\?/],
  [["campain"], /"campain" is not a push type\. Did you mean campaign\?/],
  [["campaign", "--contacts", "1000000"], /contacts/],
  [["call.completed", "--as-vendor", "--deliveries", "7"], /deliveries/],
  [["call.completed", "--as-vendor", "--time-scale", "0.00001"], /Give a number from 0\.01 to 100000/],
  [["call.completed", "--seed", "9007199254740992"], /Give a whole number from 0 to 9007199254740991/],
] as const) {
  test(`trigger ${args.join(" ")}: exit code 2, and nothing is sent`, async (t) => {
    const { trigger, app } = await start(t);
    const { code, err } = await trigger(...args);
    assert.equal(code, 2);
    assert.match(err, message);
    assert.equal(err.trimEnd().includes("\n"), false);
    assert.equal(app.requests.length, 0);
  });
}

test("Ctrl+C: a push in flight is not counted as unsent", { skip: process.platform === "win32" }, async (t) => {
  const { at, app, proxy } = await start(t);
  for (const flags of [[], ["--as-vendor"]]) {
    const running = startRun(["trigger", "call.completed", "--json", ...flags, ...at]);
    app.reply = () => void running.child.kill("SIGINT");
    const { code, err, lines } = await running.ended;
    assert.deepEqual([code, err], [1, "interrupted: 0 of 1 pushes sent; 1 more in flight, with an unknown result\n"]);
    const { total, failed, interrupted, inFlight } = lines().at(-1) ?? {};
    assert.deepEqual([total, failed, interrupted, inFlight], [0, 0, true, 1]);
  }
  assert.equal(proxy.store.index.rows.length, 2);
});

test("when the reader closes the output, nothing more is sent, and the exit code is 1", async (t) => {
  const { at, app } = await start(t);
  const running = startRun(["trigger", "campaign", "--contacts", "50", "--rate", "100", "--json", ...at]);
  app.reply = (_, response) => {
    if (app.requests.length === 3) running.child.stdout?.destroy();
    response.end("{}");
  };
  const { code, err } = await running.ended;
  assert.equal(code, 1);
  assert.match(err, /^the output was closed: \d+ of \d+ pushes sent/);
  assert.ok(app.requests.length < 50, `${app.requests.length} pushes`);
});

test("--as-vendor through listen: the app may respond after the divided time limit", async (t) => {
  const { trigger, app } = await start(t);
  app.reply = (_, response) => void setTimeout(() => response.end("{}"), 100);
  const { code, out } = await trigger("call.completed", "--as-vendor", "--time-scale", "10000");
  assert.deepEqual([code, app.requests.length], [0, 1], out);
  assert.match(out, /The limit stays 10 s/);
});

test("--as-vendor: a push that listen acknowledges after its own time limit is not lost", async (t) => {
  const { trigger, app } = await start(t, { timeouts: { responseMs: 400, holdMs: 300 } });
  await app.stop();
  const { code, lines } = await trigger("call.completed", "--as-vendor", "--time-scale", "1000", "--json");
  const [, event, summary] = lines();
  assert.deepEqual([code, event?.pending, event?.state, summary?.lost], [1, true, "received", 0]);
});

test("--to: headers of the app are not trusted, and the token in the path is hidden", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const recorded = JSON.stringify({ id: NAME, seq: PHONE, result: "\\u001b[2J", error: NAME });
  app.reply = (_, response) => void response.writeHead(200, { "airudder-recorded-push": recorded }).end("{}");
  const journal = join(makeFolder(t), "none");
  const to = `${app.origin}/webhooks/t/SECRET`;
  for (const flags of [[], ["--json"]]) {
    const { code, out, err } = await run(["trigger", "call.completed", "--to", to, "--journal", journal, ...flags]);
    assert.equal(code, 0);
    assert.match(`${err}${out}`, /Sending to \S+\/webhooks\/t\/<hidden>: nothing is recorded/);
    for (const text of [NAME, PHONE, "SECRET", "2J"]) assert.equal(`${err}${out}`.includes(text), false, text);
  }
  assert.equal(app.requests[0]?.url, "/webhooks/t/SECRET");
});

test("a body that is nested too deeply for new ids is reported, and can be sent without them", async (t) => {
  const { trigger, app } = await start(t);
  const file = join(makeFolder(t), "deep.json");
  writeFileSync(file, `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`);
  const { code, err } = await trigger("call.completed", "--file", file, "--new-ids");
  assert.equal(code, 2);
  assert.match(
    err,
    /^airudder-devproxy: The body of \S+deep\.json is nested too deeply: its ids cannot be replaced\. .*\n$/,
  );
  assert.equal((await trigger("call.completed", "--file", file)).code, 0);
  assert.equal(app.requests.length, 1);
});

test("--seed takes every number that a campaign file does, and different seeds give different ids", async (t) => {
  const { trigger, app } = await start(t);
  for (const seed of ["0", "4294967296", "9007199254740991"])
    assert.equal((await trigger("call.completed", "--count", "2", "--seed", seed)).code, 0);
  assert.equal(new Set(app.requests.map(({ sha256 }) => sha256)).size, 6);
});

test("pins: names of dots, personal names and a folder that does not exist", async (t) => {
  const { at, proxy, dir, trigger } = await start(t);
  await send(proxy.localUrl, "not JSON");
  const pin = (...args: string[]) => run(["pin", ...args, ...at]);
  for (const name of [".", ".."]) {
    const { code, err } = await pin("1", name);
    assert.equal(code, 2);
    assert.match(err, /is not a valid pin name/);
  }
  const personal = PHONE.slice(1);
  assert.equal((await pin("1", personal)).code, 0);
  const outputs = [
    await pin("1", personal),
    await pin("--list"),
    await pin("--list", "--json"),
    await pin("--remove", "other"),
    await trigger("@other"),
    await trigger(`@${personal}`, "--set", "a=1"),
    await trigger(`@${personal}1`),
  ];
  for (const { out, err } of outputs) assert.equal(`${out}${err}`.includes(personal), false, `${out}${err}`);
  assert.match(outputs[1]?.out ?? "", /<phone:[0-9a-f]{6}>/);
  if (process.platform === "win32") return;
  rmSync(join(dir, "pins"), { recursive: true });
  symlinkSync(join(dir, "no-such-folder"), join(dir, "pins"));
  for (const args of [["1", "x"], ["--list"], ["--remove", "x"]]) {
    const { code, err } = await pin(...args);
    assert.equal(code, 3, args.join(" "));
    assert.match(err, /^airudder-devproxy: \S+pins cannot be (read|written) \(ENOENT\).*\n$/);
  }
});

test("a push that cannot be sent is a failure, and the command goes on", async (t) => {
  const { at, proxy, dir, trigger, app } = await start(t);
  await send(proxy.localUrl, "{}", { headers: { "x-name": NAME } });
  await run(["pin", "1", "invalid", ...at]);
  const file = join(dir, "pins", "invalid.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"x-name"', '"x name"'));
  app.requests.length = 0;
  const { code, err, lines } = await trigger("@invalid", "--count", "2", "--json");
  assert.deepEqual([code, err, app.requests.length], [1, "", 0]);
  const [first, second, summary] = lines();
  for (const event of [first, second])
    assert.match(String(event?.error), /^the push cannot be sent: the name of a header/);
  assert.deepEqual([summary?.total, summary?.failed], [2, 2]);
});
