import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js";
import fc from "fast-check";
import { send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RawMcp } from "../../helpers/mcp.js";

const PING = { jsonrpc: "2.0", id: "last", method: "ping" };
const call = (name: unknown, given?: unknown) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, ...(given === undefined ? {} : { arguments: given }) },
});

/** A line, and the id and code of the error. */
const malformed: [string | Buffer, string | number | null, number][] = [
  ["{", null, -32700],
  ["hello", null, -32700],
  ['{"jsonrpc":"2.0","id":1,"method":"ping"', null, -32700],
  ["\u0000", null, -32700],
  [Buffer.from([0x22, 0xff, 0xfe, 0x22]), null, -32700],
  [Buffer.from('\ufeff{"jsonrpc":"2.0","id":1,"method":"nope"}'), null, -32700],
  [`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${"y".repeat(4 * 1024 * 1024)}"}}`, null, -32700],
  ["[".repeat(1_000_000), null, -32700],
  [`${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`, null, -32600],
  ["null", null, -32600],
  ["7", null, -32600],
  ['"ping"', null, -32600],
  ["[]", null, -32600],
  [`[${JSON.stringify(PING)}]`, null, -32600],
  ["{}", null, -32600],
  ['{"jsonrpc":"1.0","id":4,"method":"ping"}', 4, -32600],
  ['{"id":4,"method":"ping"}', 4, -32600],
  ['{"jsonrpc":"2.0","id":4}', 4, -32600],
  ['{"jsonrpc":"2.0","id":4,"method":5}', 4, -32600],
  ['{"jsonrpc":"2.0","id":null,"method":"ping"}', null, -32600],
  ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', null, -32600],
  ['{"jsonrpc":"2.0","id":{},"method":"ping"}', null, -32600],
  ['{"jsonrpc":"2.0","id":"a","method":"nope"}', "a", -32601],
  ['{"jsonrpc":"2.0","id":"a","method":"constructor"}', "a", -32601],
  ['{"jsonrpc":"2.0","id":"a","method":"notifications/initialized"}', "a", -32601],
  ['{"jsonrpc":"2.0","id":"a","method":"resources/list"}', "a", -32601],
  ['{"jsonrpc":"2.0","id":"a","method":"ping","params":[1]}', "a", -32602],
  ['{"jsonrpc":"2.0","id":"a","method":"ping","params":null}', "a", -32602],
  ['{"jsonrpc":"2.0","id":"a","method":"initialize"}', "a", -32602],
  ['{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":1}}', "a", -32602],
  ['{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":"x"}}', "a", -32602],
  [JSON.stringify(call(undefined)), 1, -32602],
  [JSON.stringify(call(7)), 1, -32602],
  [JSON.stringify(call("nope")), 1, -32602],
  [JSON.stringify(call("__proto__")), 1, -32602],
  [JSON.stringify(call("replay_push", { ids: ["1"] })), 1, -32602],
  [JSON.stringify(call("list_pushes", [])), 1, -32602],
  [JSON.stringify(call("list_pushes", "x")), 1, -32602],
];

test("each malformed message gets one error, without a stack trace, and the server goes on", async (t) => {
  const { dir } = await startProxy(t);
  const mcp = RawMcp.start(t, ["--journal", dir]);
  for (const [line, id, code] of malformed) {
    const name = String(line).slice(0, 80);
    const response = await mcp.request(line);
    assert.deepEqual([name, response.jsonrpc, response.id, response.error?.code], [name, "2.0", id, code]);
    assert.match(response.error?.message, /^[A-Z][^\n]{5,300}\.$/);
    assert.doesNotMatch(response.error?.message, /\bat .*:\d+/);
  }
  assert.deepEqual(await mcp.request(PING), { jsonrpc: "2.0", id: "last", result: {} });
  assert.equal(await mcp.end(), 0);
  assert.equal(mcp.lines.length, malformed.length + 1);
  assert.equal(mcp.err, "");
});

test("notifications, responses and blank lines get no response", async (t) => {
  const { app, dir, proxy } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  const mcp = RawMcp.start(t, ["--journal", dir, "--allow-replay"]);
  const { id: _, ...replay } = call("replay_push", { ids: ["1"] });
  for (const line of [
    "",
    "  \r",
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9 } },
    { jsonrpc: "2.0", method: "notifications/cancelled", params: {} },
    { jsonrpc: "2.0", method: "notifications/unknown" },
    { jsonrpc: "2.0", id: 1, result: {} },
    { jsonrpc: "2.0", id: 1, error: { code: 1, message: "x" } },
    replay,
  ])
    mcp.write(line);
  assert.deepEqual(await mcp.request(PING), { jsonrpc: "2.0", id: "last", result: {} });
  assert.equal(mcp.lines.length, 1);
  assert.equal(app.requests.length, 1, "a replay without an id is not run");
});

test("the version of the client is used if it is supported, else the newest", async (t) => {
  const mcp = RawMcp.start(t, ["--journal", makeFolder(t)]);
  for (const version of [...SUPPORTED_PROTOCOL_VERSIONS, "1999-01-01", ""]) {
    const { result } = await mcp.request({
      jsonrpc: "2.0",
      id: 0,
      method: "initialize",
      params: { protocolVersion: version, capabilities: {}, clientInfo: { name: "x", version: "1" } },
    });
    const isKnown = SUPPORTED_PROTOCOL_VERSIONS.includes(version);
    assert.equal(result.protocolVersion, isKnown ? version : SUPPORTED_PROTOCOL_VERSIONS[0]);
  }
});

test("batches work in the version that has them", async (t) => {
  const { dir } = await startProxy(t);
  const mcp = RawMcp.start(t, ["--journal", dir]);
  const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2025-03-26" } };
  await mcp.request(initialize);
  const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
  const responses = await mcp.request([PING, notification, 7, call("list_pushes")]);
  assert.deepEqual(
    responses.map(({ id, error }: { id: unknown; error?: { code: number } }) => [id, error?.code]),
    [
      ["last", undefined],
      [null, -32600],
      [1, undefined],
    ],
  );
  mcp.write([notification]);
  assert.equal((await mcp.request([])).error.code, -32600);
});

test("an id of a running request, and too many requests, are rejected; a cancelled request gets no response", async (t) => {
  const { app, dir, proxy } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  const mcp = RawMcp.start(t, ["--journal", dir, "--allow-replay"]);
  app.reply = () => undefined;
  mcp.write(call("replay_push", { ids: ["1"] }));
  await app.received(2);
  const again = await mcp.request({ ...PING, id: 1 });
  assert.match(again.error.message, /id is running/);
  for (let id = 2; id <= 64; id++) mcp.write({ ...call("replay_push", { ids: ["1"] }), id });
  assert.match((await mcp.request(PING)).error.message, /64 requests are running/);
  for (let id = 1; id <= 64; id++)
    mcp.write({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  app.reply = (_, response) => void response.end("{}");
  let free = await mcp.request(PING);
  while (free.error !== undefined) free = await mcp.request(PING);
  assert.equal((await mcp.request(call("replay_push", { ids: ["1"] }))).result.structuredContent.total, 1);
  assert.ok(mcp.lines.every(({ id, result }) => result === undefined || id === "last" || id === 1));
  assert.equal(app.requests.length, 3);
});

test("characters may be split between chunks; several messages may come at once; a last line needs no line feed", async (t) => {
  const mcp = RawMcp.start(t, ["--journal", makeFolder(t)]);
  const bytes = Buffer.from(`${JSON.stringify({ ...PING, id: "\u{1f600}é" })}\r\n`);
  for (const byte of bytes) mcp.child.stdin.write(Buffer.from([byte]));
  await mcp.response(1);
  mcp.write(`${JSON.stringify({ ...PING, id: 1 })}\n${JSON.stringify({ ...PING, id: 2 })}`);
  mcp.child.stdin.write(JSON.stringify({ ...PING, id: 3 }));
  assert.equal(await mcp.end(), 0);
  assert.deepEqual(
    mcp.lines.map(({ id }) => id),
    ["\u{1f600}é", 1, 2, 3],
  );
});

test("property: random bytes and messages never end the server, and it prints only JSON", async (t) => {
  const { dir, app, proxy } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  const mcp = RawMcp.start(t, ["--journal", dir]);
  const method = fc.oneof(
    fc.constantFrom("initialize", "ping", "tools/list", "tools/call", "notifications/cancelled"),
    fc.string(),
  );
  const name = fc.constantFrom("list_pushes", "show_push", "drift", "replay_push", "nope");
  const given = fc.dictionary(
    fc.oneof(fc.constantFrom("id", "ids", "limit", "status", "type", "since", "until", "text", "task"), fc.string()),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const message = fc.record(
    {
      jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant("2.0") }, fc.jsonValue()),
      id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue({ maxDepth: 1 })),
      method: fc.oneof({ weight: 9, arbitrary: method }, fc.jsonValue({ maxDepth: 1 })),
      params: fc.oneof(
        fc.record({ name, arguments: given }),
        fc.record({ name, arguments: given, _meta: fc.jsonValue() }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    message.map((value) => Buffer.from(JSON.stringify(value))),
    message.map((value) => Buffer.from(JSON.stringify([value]))),
    fc.tuple(message, fc.nat()).map(([value, at]) => {
      const bytes = Buffer.from(JSON.stringify(value));
      bytes[at % bytes.length] = at % 256;
      return bytes;
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
      for (const one of lines) mcp.write(one);
      const sentinel = `${Math.random()}`;
      await mcp.request({ ...PING, id: sentinel }, ({ id }) => id === sentinel);
    }),
    { numRuns: 100 },
  );
  assert.equal(await mcp.end(), 0);
  for (const one of mcp.lines) assert.ok(Array.isArray(one) || one.jsonrpc === "2.0", JSON.stringify(one));
  assert.ok(mcp.lines.some(({ error }) => error?.code === -32700));
  assert.ok(!mcp.lines.some(({ error }) => error?.code === -32603), "an unexpected error");
  assert.equal(mcp.err, "");
  assert.equal(app.requests.length, 1);
});

test("read-only requests get a response even if the input ends immediately", async (t) => {
  const { dir } = await startProxy(t);
  const mcp = RawMcp.start(t, ["--journal", dir]);
  for (const [id, name] of ["list_pushes", "drift"].entries()) mcp.write({ ...call(name), id });
  assert.equal(await mcp.end(), 0);
  const results = mcp.lines.map(({ id, result }) => [id, result.structuredContent.untrusted]);
  assert.deepEqual(results.sort(), [
    [0, true],
    [1, true],
  ]);
});

test("SIGTERM ends it (signals: not on Windows)", { skip: process.platform === "win32" }, async (t) => {
  const mcp = RawMcp.start(t, ["--journal", makeFolder(t)]);
  await mcp.request(PING);
  mcp.child.kill("SIGTERM");
  assert.deepEqual(await once(mcp.child, "exit"), [0, null]);
});

test("the server waits for a client that does not read", async (t) => {
  const { dir, proxy } = await startProxy(t);
  for (let n = 0; n < 20; n++) await send(proxy.localUrl, JSON.stringify({ text: "y".repeat(5_000) }));
  const mcp = RawMcp.start(t, ["--journal", dir]);
  await mcp.request(PING);
  mcp.child.stdout.pause();
  const big = JSON.stringify({ ...call("list_pushes", { limit: 100 }) });
  for (let n = 0; n < 300; n++) mcp.write(big.replace('"id":1', `"id":${n}`));
  await new Promise((resolve) => setTimeout(resolve, 500));
  mcp.child.stdout.resume();
  await mcp.response(301);
  assert.equal(mcp.lines.filter(({ result }) => result?.structuredContent?.total === 20).length > 0, true);
});
