import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, fileInbox, type Receiver } from "airudder-webhooks";
import { openJournal } from "airudder-webhooks/journal";
import { atEnd } from "../../helpers/at-end.js";
import { run, send, startProxy, startRun } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { agentStatus, callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

interface App {
  receiver: Receiver;
  handled: string[];
  fix(): void;
}

/** An app with a file inbox. Its handlers fail until they are fixed. */
function startApp(t: TestContext, dir: string, types: ("call.completed" | "dialer.agent")[] = ["call.completed"]): App {
  const inbox = fileInbox(dir, { retries: 0 });
  const receiver = airudder({ key: KEY, token: false, warnings: false, inbox });
  atEnd(t, () => receiver.close());
  let isBroken = true;
  const handled: string[] = [];
  for (const type of types) {
    receiver.on(type, ({ payload }) => {
      if (isBroken) throw new TypeError(`cannot save ${JSON.stringify(payload)}`);
      handled.push("TaskID" in payload ? `${payload.TaskName}` : type);
    });
  }
  const fix = () => {
    isBroken = false;
  };
  return { receiver, handled, fix };
}

/** Makes pushes that end up dead. */
async function makeDead({ receiver }: App, payloads: unknown[]): Promise<void> {
  const before = (await receiver.dead()).length;
  for (const payload of payloads) assert.equal((await receiver.fetch(webRequest(payload))).status, 200);
  await until(async () => (await receiver.dead()).length === before + payloads.length);
}

/** The sequence number and the result of each line. */
const results = (lines: Record<string, unknown>[]) => lines.map(({ seq, result }) => [seq, result]);

const requestFiles = (dir: string) => readdirSync(dir).filter((name) => /^(request|taken|response)-/.test(name));

/** Pushes of one subject. */
const tasks = (...names: string[]) => names.map((TaskName) => callCompleted({ TaskName }));

test("dead lists the dead pushes of an inbox with their redacted errors, and counts the quarantined ones", async (t) => {
  const dir = makeFolder(t);
  const app = startApp(t, dir);
  await makeDead(app, tasks("task-1", "task-2"));
  await app.receiver.fetch(webRequest({ nobody: "knows this" }));
  await until(async () => (await app.receiver.dead()).length === 3);
  const { code, out } = await run(["dead", "--journal", dir]);
  assert.equal(code, 0);
  assert.match(out, /^ +# +TIME +TYPE +ATTEMPTS +ID +ERROR\n#1 .*call\.completed +1 .*TypeError: cannot save .*\n#2 /);
  assert.match(out, /\n2 dead, 1 quarantined, in .*\n$/);
  assert.equal(out.includes("TEST PERSON"), false);
  const lines = (await run(["dead", "--json", "--journal", dir])).lines();
  assert.deepEqual(
    lines.map(({ event, seq, type, attempts }) => [event, seq, type, attempts]),
    [
      ["dead", 1, "call.completed", 1],
      ["dead", 2, "call.completed", 1],
      ["summary", undefined, undefined, undefined],
    ],
  );
  assert.match(String(lines[0]?.error), /^TypeError: cannot save/);
  assert.deepEqual(lines[2], { event: "summary", dead: 2, quarantined: 1 });
});

test("if no app runs, the dead command appends the marks; at its next start, the app handles retried pushes in order, and no dropped ones", async (t) => {
  const dir = makeFolder(t);
  const broken = startApp(t, dir);
  await makeDead(broken, tasks("a", "b", "c", "d", "e"));
  const ids = (await broken.receiver.dead()).map(({ id }) => id);
  await broken.receiver.close();
  const at = ["--json", "--journal", dir];

  const retried = await run(["dead", "--retry", "#4", ids[0] as string, ...at]);
  assert.deepEqual(
    [retried.code, results(retried.lines())],
    [
      0,
      [
        [1, "retried"],
        [4, "retried"],
      ],
    ],
    retried.err,
  );
  const dropped = await run(["dead", "--drop", "2", ...at]);
  assert.deepEqual([dropped.code, results(dropped.lines())], [0, [[2, "dropped"]]]);
  const again = await run(["dead", "--drop", "1..3", "9", "cafe-1", ...at]);
  assert.equal(again.code, 1);
  assert.deepEqual(results(again.lines()), [
    [null, "not_found"],
    [null, "not_found"],
    [1, "not_dead"],
    [2, "not_dead"],
    [3, "dropped"],
  ]);
  const all = await run(["dead", "--retry", "all", "--journal", dir]);
  assert.equal(all.code, 0);
  assert.match(
    all.out,
    /^#5 +call\.completed +retried\n1 push retried: no app is running, so the app handles it at its next start\n$/,
  );
  assert.deepEqual((await run(["dead", ...at])).lines(), [{ event: "summary", dead: 0, quarantined: 0 }]);

  const fixed = startApp(t, dir);
  fixed.fix();
  await fixed.receiver.ready();
  await until(() => fixed.handled.length === 3);
  assert.deepEqual(fixed.handled, ["a", "d", "e"]);
});

test("on request of the dead command, a running app retries and drops pushes, in order per subject, and reports each result", async (t) => {
  const dir = makeFolder(t);
  const before = startApp(t, dir, ["call.completed", "dialer.agent"]);
  await makeDead(before, [...tasks("a", "b"), agentStatus({ state: "IDLE" })]);
  await makeDead(before, tasks("c"));
  await before.receiver.close();
  const app = startApp(t, dir);
  app.fix();
  await app.receiver.ready();
  const segments = readdirSync(dir).filter((name) => name.endsWith(".ndjson")).length;

  const started = performance.now();
  const retried = await run(["dead", "--retry", "all", "--json", "--journal", dir]);
  assert.equal(retried.code, 1, retried.err);
  assert.deepEqual(results(retried.lines()), [
    [1, "retried"],
    [2, "retried"],
    [3, "no_handler"],
    [4, "retried"],
  ]);
  assert.ok(performance.now() - started < 5_000);
  await until(() => app.handled.length === 3);
  assert.deepEqual(app.handled, ["a", "b", "c"]);
  const dropped = await run(["dead", "--drop", "3", "--journal", dir]);
  assert.deepEqual([dropped.code, dropped.out], [0, "#3  dialer.agent  dropped\n1 push dropped\n"]);
  assert.deepEqual(await app.receiver.dead(), []);
  assert.deepEqual(requestFiles(dir), []);
  assert.equal(readdirSync(dir).filter((name) => name.endsWith(".ndjson")).length, segments);
});

/** An inbox with a dead push. Its owner does not accept requests. */
async function makeOwnedInbox(t: TestContext): Promise<string> {
  const dir = makeFolder(t);
  const app = startApp(t, dir);
  await makeDead(app, tasks("a"));
  await app.receiver.close();
  const owner = await openJournal(dir);
  atEnd(t, () => owner.close());
  return dir;
}

test("if the owner does not accept requests, the dead command names its process, withdraws the request and changes nothing", async (t) => {
  const dir = await makeOwnedInbox(t);
  const { code, out, err } = await run(["dead", "--retry", "all", "--journal", dir]);
  assert.deepEqual([code, out], [3, ""]);
  assert.match(
    err,
    new RegExp(
      `^airudder-devproxy: .* is in use by process ${process.pid} on .* withdrawn, and nothing changed\\. .*does not accept requests.*\n$`,
    ),
  );
  assert.deepEqual(requestFiles(dir), []);
  assert.equal((await run(["dead", "--json", "--journal", dir])).lines()[0]?.seq, 1);
});

test("not on Windows, which has no signals: Ctrl+C withdraws the request", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = await makeOwnedInbox(t);
  const { child, ended } = startRun(["dead", "--drop", "all", "--journal", dir]);
  let name: string | undefined;
  await until(() => {
    name = requestFiles(dir).find((each) => each.endsWith(".json"));
    return name !== undefined;
  });
  assert.equal(statSync(join(dir, String(name))).mode & 0o777, 0o600);
  child.kill("SIGINT");
  const { code, err } = await ended;
  assert.equal(code, 3);
  assert.match(err, /The request was withdrawn, and nothing changed\./);
  assert.deepEqual(requestFiles(dir), []);
});

test("damaged, foreign and old request files are rejected, and the inbox continues", async (t) => {
  const dir = makeFolder(t);
  const app = startApp(t, dir);
  await makeDead(app, tasks("a"));
  const [{ id } = { id: "" }] = await app.receiver.dead();
  const at = new Date().toISOString();
  const drop = { version: 1, action: "drop", ids: [id], at };
  const files: [string, string, RegExp][] = [
    ["torn", '{"version":1,"act', /not JSON/],
    ["null", "null", /format version/],
    ["newer", JSON.stringify({ ...drop, version: 2 }), /format version 2/],
    ["other", JSON.stringify({ ...drop, action: "erase" }), /action/],
    ["ids", JSON.stringify({ ...drop, ids: [{}] }), /ids/],
    ["old", JSON.stringify({ ...drop, at: new Date(Date.now() - 120_000).toISOString() }), /by more than a minute/],
    ["undated", JSON.stringify({ ...drop, at: undefined }), /by more than a minute/],
  ];
  for (const [name, text] of files) writeFileSync(join(dir, `request-${name}.json`), text);
  writeFileSync(join(dir, "request-strange name.json"), "");
  const response = (name: string) => join(dir, `response-${name}.json`);
  await until(() => files.every(([name]) => existsSync(response(name))));
  for (const [name, , error] of files)
    assert.match(JSON.parse(readFileSync(response(name), "utf8")).error, error, name);
  assert.equal((await app.receiver.dead()).length, 1);
  const { code } = await run(["dead", "--drop", id, "--journal", dir]);
  assert.equal(code, 0);
  assert.deepEqual(await app.receiver.dead(), []);
});

test("dead rejects a journal of listen, a missing folder and malformed ids, and changes nothing", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const inbox = makeFolder(t);
  const app = startApp(t, inbox);
  await makeDead(app, tasks("a", "b"));
  await app.receiver.close();
  const cases: [string[], number, RegExp][] = [
    [["--journal", dir], 2, /is the journal of listen, not an inbox.*fileInbox\(\).*use replay/],
    [["--journal", join(dir, "nowhere")], 3, /The inbox .*nowhere does not exist.*fileInbox\(\)/],
    [["--retry", "1", "--drop", "2", "--journal", inbox], 2, /cannot be used with/],
    [["--journal", inbox, "--retry"], 2, /argument missing/],
    [["--retry", "--journal", inbox], 2, /"--journal" is not an id/],
    [["--retry", "?", "--journal", inbox], 2, /"\?" is not an id/],
    [["--retry", (await idOf(inbox)).slice(0, 5), "--journal", inbox], 2, /is ambiguous/],
  ];
  for (const [args, exit, message] of cases) {
    const { code, out, err } = await run(["dead", ...args]);
    assert.deepEqual([args, code, out], [args, exit, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
  }
  assert.equal((await run(["dead", "--json", "--journal", inbox])).lines().at(-1)?.dead, 2);
});

async function idOf(inbox: string): Promise<string> {
  return String((await run(["dead", "--json", "--journal", inbox])).lines()[0]?.id);
}

test("dead prints an unknown number as typed, and exits with 1", async (t) => {
  const dir = makeFolder(t);
  const app = startApp(t, dir);
  await makeDead(app, tasks("a"));
  await app.receiver.close();
  for (const action of ["--retry", "--drop"]) {
    const text = await run(["dead", action, "#99", "--journal", dir]);
    assert.equal(text.code, 1, text.err);
    assert.match(text.out, /^#99 {2}not found: no dead push has this id\n0 pushes /);
    const json = await run(["dead", action, "#99", "--json", "--journal", dir]);
    assert.deepEqual([json.code, results(json.lines())], [1, [[null, "not_found"]]], json.err);
    assert.equal(json.lines()[0]?.id, "#99");
  }
  assert.equal((await run(["dead", "--json", "--journal", dir])).lines()[0]?.seq, 1);
});

test("a dropped push has the status dropped in list, whether the app runs or not", async (t) => {
  const dir = makeFolder(t);
  const app = startApp(t, dir);
  await makeDead(app, tasks("a", "b", "c"));
  const listed = async (status: string) =>
    (await run(["list", "--status", status, "--json", "--journal", dir])).lines().map((row) => [row.seq, row.status]);
  const drop = async (id: string) => assert.equal((await run(["dead", "--drop", id, "--journal", dir])).code, 0);
  await drop("#1");
  await app.receiver.close();
  await drop("#3");
  assert.deepEqual(await listed("dropped"), [
    [1, "dropped"],
    [3, "dropped"],
  ]);
  assert.deepEqual(await listed("dead"), [[2, "dead"]]);
});
