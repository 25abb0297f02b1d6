import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ReplayEvent } from "airudder-devproxy";
import { sign, verifySign } from "airudder-webhooks";
import { Deliverer, Forwarder } from "../../../devproxy/src/delivery/index.js";
import { Redactor } from "../../../devproxy/src/privacy/index.js";
import { replay } from "../../../devproxy/src/replay/index.js";
import { run, sample, send, startProxy, until } from "../../helpers/devproxy.js";

test("a push that cannot be edited is skipped and reported; the others are sent", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const call = sample("call.completed/answered");
  for (const body of [call, "not JSON", call, "[1]"]) await send(proxy.localUrl, body);
  await proxy.close();
  for (const [more, expected] of [
    [["--dry-run"], 0],
    [[], 0],
    [["--expect", "2xx"], 1],
  ] as const) {
    app.requests.length = 0;
    const { code, err } = await run(["replay", "1..4", "--key", "k", "--json", ...more, "--journal", dir]);
    assert.equal(code, expected, err);
    assert.match(err, /^#2, #4 were not sent: the body is not a JSON object; --set and --key cannot change it\.$/m);
  }
  assert.equal(app.requests.length, 2);
});

test("if no push can be edited, a replay sends nothing and exits with 2", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, "not JSON");
  await proxy.close();
  const { code, err } = await run(["replay", "1", "--key", "k", "--journal", dir]);
  assert.equal(code, 2);
  assert.match(err, /The body of #1 is not a JSON object/);
  assert.equal(app.requests.length, 1);
});

const edits: [edit: string, before: string, after: string][] = [
  ["n=0812345678", '{"n":812345678}', '{"n":"0812345678"}'],
  ["n=0812345678", '{"n":null}', '{"n":"0812345678"}'],
  ["n=-0", '{"n":1}', '{"n":-0}'],
  ["n=1.", '{"n":1}', '{"n":"1."}'],
  ["n=+1", '{"n":1}', '{"n":"+1"}'],
  ["n=1e400", '{"n":1,"big":9007199254740993}', '{"n":1e400,"big":9007199254740993}'],
  ["n=2", '{"n":1,"n":{"deep":true}}', '{"n":1,"n":2}'],
  ["é=ü", '\ufeff{"\u00e9":"\u00a0", "x":"y"}', '\ufeff{"\u00e9":"ü", "x":"y"}'],
];
for (const [edit, before, after] of edits) {
  test(`--set ${edit} on ${JSON.stringify(before)} sends ${JSON.stringify(after)}`, async (t) => {
    const { proxy, app } = await startProxy(t);
    await send(proxy.localUrl, before);
    await proxy.replay({ ids: ["1"], set: [edit] });
    assert.equal(app.requests.at(-1)?.body.toString(), after);
  });
}

test("an edit keeps bytes that are not valid UTF-8", async (t) => {
  const { proxy, app } = await startProxy(t);
  const body = (n: string) =>
    Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xa0, 0xc3]), Buffer.from(`", "n":${n}}`)]);
  await send(proxy.localUrl, body("1"));
  await proxy.replay({ ids: ["1"], set: ["n=2"] });
  assert.deepEqual(app.requests.at(-1)?.body, body("2"));
});

test("--set TaskID signs again with AIRUDDER_KEY; only --key signs pushes whose task id is not set", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, JSON.stringify({ TaskID: "a", Sign: sign("a", "agreed"), Details: [] }));
  await proxy.close();
  const env = { AIRUDDER_KEY: "agreed" };
  const replayed = await run(["replay", "1", "--set", "TaskID=b", "--journal", dir], { env });
  assert.equal(replayed.code, 0, replayed.err);
  assert.ok(verifySign(JSON.parse(String(app.requests.at(-1)?.body)), "agreed"));
  assert.doesNotMatch(replayed.out, /made with another key/);
  await run(["replay", "1", "--journal", dir], { env: { AIRUDDER_KEY: "other" } });
  assert.equal(app.requests.at(-1)?.sha256, app.requests[0]?.sha256);
});

test("--wait sends once the app accepts connections; if it stays down, replay prints one line and exits with 1", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  await app.stop();
  const late = await run(["replay", "1", "--wait", "1s", "--expect", "2xx", "--journal", dir]);
  assert.equal(late.code, 1);
  assert.match(
    late.err,
    /^airudder-devproxy: No app accepted connections at 127\.0\.0\.1:\d+ within 1 s, so nothing was sent\. [^\n]+\n$/,
  );
  const waiting = run(["replay", "1", "--wait", "30s", "--expect", "2xx", "--journal", dir]);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await app.start();
  const { code, out, err } = await waiting;
  assert.equal(code, 0, err);
  assert.match(out, /#1 {2}unknown {2}same {2}200/);
});

test("--allow-empty: with --expect, exit code 0 if no push matches", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const replay = ["replay", "--status", "failed", "--expect", "2xx", "--journal", dir];
  assert.equal((await run(replay)).code, 1);
  const allowed = await run([...replay, "--allow-empty"]);
  assert.equal(allowed.code, 0);
  assert.match(allowed.err, /^No recorded push matches: nothing was sent\.$/m);
});

test("a failed connection does not become a baseline", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { whenDown: "fail" });
  await app.stop();
  await send(proxy.localUrl, "{}");
  await app.start();
  const { out } = await run(["replay", "1", "--journal", dir]);
  assert.match(out, /#1 {2}unknown {2}new {2}200/);
});

test("an app that never responds ends a replay at the time limit, with exit code 1 under --expect", async (t) => {
  const { proxy, app } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  app.reply = () => undefined;
  const forwarder = new Forwarder();
  t.after(() => forwarder.close());
  const events: ReplayEvent[] = [];
  const deliverer = new Deliverer(proxy.store, forwarder, () => undefined, new Redactor("", false));
  const tools = {
    store: proxy.store,
    deliverer,
    onEvent: (event: ReplayEvent) => void events.push(event),
    timeoutMs: 200,
  };
  const summary = await replay({ ids: ["1"], expect: "2xx" }, tools);
  assert.deepEqual([summary.verdicts, summary.unexpected, summary.interrupted], [{ regressed: 1 }, 1, undefined]);
  const verdict = events.find(({ event }) => event === "verdict");
  assert.match(verdict?.event === "verdict" ? (verdict.error ?? "") : "", /no response within 0\.2 s/);
});

test("a damaged record is skipped and reported; --expect does not count it as checked", async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const n of [1, 2]) await send(proxy.localUrl, `{"n":${n},"word":"abc"}`);
  await proxy.close();
  const path = join(dir, "000001.ndjson");
  writeFileSync(
    path,
    readFileSync(path, "latin1").replace('\\"n\\":1,\\"word\\":\\"abc\\"', '\\"n\\":1,\\"word\\":\\"xyz\\"'),
    "latin1",
  );
  const { code, err } = await run(["replay", "1..2", "--json", "--expect", "2xx", "--journal", dir]);
  assert.match(err, /^#1 was not sent: the record in the journal cannot be read\.$/m);
  assert.equal(code, 1);
});
