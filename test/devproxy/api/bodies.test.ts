import assert from "node:assert/strict";
import { renameSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { requestedRows } from "../../../devproxy/src/replay/index.js";
import { Api } from "../../helpers/api.js";
import { sample, send, startProxy, until } from "../../helpers/devproxy.js";

/** A path, a body, and the error. */
const wrong: [path: string, body: object, message: RegExp][] = [
  ["/replays/a", { filters: { nonsense: "x" } }, /^filters has no member "nonsense"\. Its members: type, status/],
  ["/replays/a", { filters: { typ: "call.completed" } }, /^filters has no member "typ"\. Did you mean type\?/],
  ["/replays/a", { ids: ["1"], target: "http://localhost:1" }, /^The body has no member "target"/],
  ["/replays/a", { last: 1, dryRun: true }, /^The body has no member "dryRun"/],
  ["/replays/a", { ids: ["1"], concurency: 2 }, /"concurency"\. Did you mean concurrency\?/],
  ["/replays/a", { filters: { text: "" } }, /^filters\.text is empty/],
  ["/replays/a", { filters: ["type"] }, /^filters must be an object/],
  ["/replays/a", { filters: null }, /^filters must be an object/],
  ["/replays/a", { filters: { type: 1 } }, /^filters\.type must be a text/],
  ["/replays/a", { ids: "1" }, /^ids must be a list of texts/],
  ["/replays/a", { ids: [1] }, /^ids must be a list of texts/],
  ["/replays/a", { last: "1" }, /^last must be a number/],
  ["/replays/a", { last: 1, speed: "fast" }, /^speed must be a number or max/],
  ["/replays/a", { last: 1, concurrency: "2" }, /^concurrency must be a number/],
  ["/replays/a", { last: 1, set: "a=1" }, /^set must be a list of edits/],
  ["/replays/a", { last: 1, key: 1 }, /^key must be a text/],
  ["/replays/a", { last: 1, agreedKey: {} }, /^agreedKey must be a text/],
  ["/replays/a", { last: 1, to: 1 }, /^to must be a text/],
  ["/replays/a", { last: 1, expect: 200 }, /^expect must be a text/],
  ["/replays/a", { last: 1, wait: 30 }, /^wait must be a text/],
  ["/replays/a", { last: 1, reveal: 1 }, /^reveal must be true or false/],
  ["/replays/a", { ids: ["1"], body: {} }, /^body must be a text/],
  ["/replays/a", { ids: ["1"], body: "{}", sign: "no" }, /^sign must be true or false/],
  ["/triggers", { type: "call.completed", to: "http://localhost:1" }, /^The body has no member "to"/],
  ["/triggers", { type: "call.completed", coutn: 2 }, /"coutn"\. Did you mean count\?/],
  ["/triggers", { type: 1 }, /^type must be a text/],
  ["/triggers", { type: "call.completed", set: [1] }, /^set must be a list of edits/],
  ["/triggers", { type: "call.completed", count: "2" }, /^count must be a number/],
  ["/triggers", { type: "campaign" }, /^Send a campaign with the command: airudder-devproxy trigger campaign\.$/],
  ["/pins", { id: "1", name: "a", force: true }, /^The body has no member "force"/],
  ["/pins", { id: "1", name: 1 }, /^name must be a text/],
  ["/pins", { id: "1", name: "a", replace: "no" }, /^replace must be true or false/],
  ["/pins", { id: null, name: "a" }, /^id must be the number or the id of a push/],
  ["/validate", { body: "{}", typo: "x" }, /^The body has no member "typo"\. Did you mean type\?/],
  ["/validate", { body: {} }, /^body must be a text/],
  ["/validate", { body: "{}", id: 1 }, /^id must be a text/],
];

test("a body with an unknown member or a wrong type is rejected, and nothing is sent", async (t) => {
  const { app, dir, proxy } = await startProxy(t, { inspect: 0 });
  await send(proxy.localUrl, sample("dialer.task/running"));
  app.requests.length = 0;
  const api = new Api(dir);
  for (const [path, body, message] of wrong) {
    const { status, text } = await api.send("POST", path, body);
    const what = `${path} ${JSON.stringify(body)}: ${text}`;
    assert.equal(status, 400, what);
    const { error } = JSON.parse(text);
    assert.equal(error.code, "usage", what);
    assert.match(error.message, message, what);
  }
  const proto = await api.send("POST", "/replays/a", '{"__proto__":{"last":1}}', {
    "content-type": "application/json",
  });
  assert.equal(proto.status, 400);
  assert.match(proto.text, /no member \\"__proto__\\"/);
  assert.equal(app.requests.length, 0);
  assert.equal(proxy.store.index.rows.length, 1);
});

test("a request with only unknown filters selects no push", async (t) => {
  const { proxy } = await startProxy(t);
  await send(proxy.localUrl, sample("dialer.task/running"));
  const selected = requestedRows(proxy.store, { filters: { nonsense: "x" } as object });
  await assert.rejects(selected, /Select the pushes to replay/);
});

test("a replay that is stopped before its request or its body arrives sends nothing", async (t) => {
  const { app, dir, proxy } = await startProxy(t, { inspect: 0 });
  await send(proxy.localUrl, sample("dialer.task/running"));
  app.requests.length = 0;
  const api = new Api(dir);
  assert.equal((await api.send("DELETE", "/replays/early")).status, 204);
  const lines = await api.lines<{ event: string; interrupted?: boolean }>("POST", "/replays/early", { last: 1 });
  assert.equal(lines.find(({ event }) => event === "summary")?.interrupted, true, JSON.stringify(lines));

  const outgoing = request(`${api.origin}/api/v1/replays/slow`, {
    method: "POST",
    headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
    agent: false,
  });
  t.after(() => outgoing.destroy());
  outgoing.write('{"last"');
  await setTimeout(100);
  assert.equal((await api.send("POST", "/replays/slow", { last: 1 })).status, 409);
  assert.equal((await api.send("DELETE", "/replays/slow")).status, 204);
  const response = new Promise<IncomingMessage>((resolve) => outgoing.on("response", resolve));
  outgoing.end(":1}");
  (await response).resume();
  await until(async () => (await response).readableEnded);
  assert.equal(app.requests.length, 0);
  await api.lines("POST", "/replays/slow", { last: 1 });
  assert.equal(app.requests.length, 1, "the id is free again");
});

test("a body to validate may have 10 MB, and other requests are answered between checks", async (t) => {
  const { dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  const large = await api.send("POST", "/validate", { body: `"${"x".repeat(10 * 1024 * 1024)}"` });
  assert.deepEqual([large.status, JSON.parse(large.text).error.code], [413, "too_large"]);
  const [broken, ...checks] = await Promise.all(
    ["[", "{}", JSON.stringify({ a: "x".repeat(10 * 1024 * 1024 - 100) })].map((body) =>
      api.send("POST", "/validate", { body }),
    ),
  );
  assert.equal(JSON.parse(String(broken?.text)).json.column, 2);
  assert.deepEqual(
    checks.map(({ status, text }) => [status, JSON.parse(text).json]),
    [
      [200, true],
      [200, true],
    ],
  );
  const long = await api.send("POST", "/validate", { body: `"${"x".repeat(10 * 1024 * 1024 - 100)}` });
  assert.deepEqual([long.status, JSON.parse(long.text).json.column], [200, 10 * 1024 * 1024 - 98]);
});

test("after the journal was moved, errors say so", async (t) => {
  const { app, dir, proxy } = await startProxy(t, { inspect: 0 });
  await send(proxy.localUrl, sample("dialer.task/running"));
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  const api = new Api(dir);
  app.requests.length = 0;
  renameSync(dir, `${dir}-moved`);
  t.after(() => rmSync(`${dir}-moved`, { recursive: true, force: true }));
  for (const path of ["/pushes/1", "/pushes/1/body?reveal=1", "/pushes/1/curl"]) {
    const { status, text } = await api.send("GET", path);
    assert.deepEqual([status, JSON.parse(text).error.code], [500, "journal_moved"], `${path}: ${text}`);
    assert.match(text, /was removed, moved or emptied/);
  }
  const { text } = await api.send("POST", "/replays/a", { last: 1 });
  assert.match(text.trimEnd().split("\n").at(-1) as string, /"journal_moved"/);
  assert.equal(app.requests.length, 0);
  renameSync(`${dir}-moved`, dir);
});
