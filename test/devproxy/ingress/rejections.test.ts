import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { DevproxyEvent } from "airudder-devproxy";
import { send, startProxy, until } from "../../helpers/devproxy.js";
import { Rejections } from "./internals.js";

/** Sends raw bytes. Returns what is received until the connection ends. */
async function sendRaw(url: string, request: (path: string) => string): Promise<string> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1").setEncoding("utf8");
  let received = "";
  socket.on("data", (text: string) => {
    received += text;
  });
  socket.on("error", () => undefined);
  socket.write(request(pathname));
  await once(socket, "close");
  return received;
}

const post = (path: string, headers: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${body}`;

const rejected: [string, (url: string) => Promise<string>, number, string, RegExp][] = [
  [
    "a body that never ends",
    (url) => sendRaw(url, (path) => post(path, "content-length: 20", '{"a":')),
    408,
    "body_timeout",
    /did not arrive in time/,
  ],
  [
    "a body whose chunks are broken",
    (url) => sendRaw(url, (path) => post(path, "transfer-encoding: chunked", "zz\r\n")),
    400,
    "broken_body",
    /body is not valid HTTP/,
  ],
  [
    "a body that is too large",
    (url) => sendRaw(url, (path) => post(path, "content-length: 10485761", "")),
    413,
    "too_large",
    /larger than 10 MB/,
  ],
  [
    "another method",
    (url) => sendRaw(url, (path) => post(path, "connection: close", "").replace("POST", "PUT")),
    405,
    "method_not_allowed",
    /sent by POST/,
  ],
];

for (const [name, ask, status, code, why] of rejected) {
  test(`${name} gets the response ${status}, and is reported`, async (t) => {
    const { proxy, app, events } = await startProxy(t, { timeouts: { responseMs: 9_000, holdMs: 8_000, bodyMs: 300 } });
    assert.match(await ask(proxy.localUrl), new RegExp(`^HTTP/1.1 ${status} `));
    await until(() => notesOf(events).length > 0);
    const [note] = notesOf(events);
    assert.equal(note?.code, code);
    assert.match(note?.message ?? "", new RegExp(`rejected with ${status}: `));
    assert.match(note?.message ?? "", why);
    assert.deepEqual([app.requests.length, proxy.store.index.rows.length], [0, 0]);
  });
}

const malformed: [string, (path: string) => string, number, string][] = [
  ["a request that is not HTTP", () => "secret words\r\n\r\n", 400, "malformed"],
  ["a header that is too long", (path) => post(path, `x: ${"a".repeat(20_000)}`, ""), 431, "malformed"],
  [
    "an unknown Expect",
    (path) => post(path, "connection: close\r\nexpect: secret", "").replace("POST", "GET"),
    417,
    "unknown_expectation",
  ],
];

for (const [name, request, status, code] of malformed) {
  test(`${name} gets the response ${status}, and is reported once a minute without its content`, async (t) => {
    const { proxy, events } = await startProxy(t);
    for (let n = 0; n < 3; n++) {
      assert.match(await sendRaw(proxy.localUrl, request), new RegExp(`^HTTP/1.1 ${status} `));
    }
    assert.equal((await send(proxy.localUrl, "{}")).status, 200);
    const notes = notesOf(events);
    assert.deepEqual([notes.map((note) => note.code), notes[0]?.message.includes("secret")], [[code], false]);
  });
}

test("a wrong path is reported once a minute, without the path: it may contain a mistyped secret", async (t) => {
  const { proxy, events } = await startProxy(t);
  for (let n = 0; n < 3; n++) assert.equal((await send(`${proxy.localUrl}x`, "{}")).status, 404);
  const notes = notesOf(events);
  assert.deepEqual(
    notes.map(({ code }) => code),
    ["wrong_path"],
  );
  assert.match(String(notes[0]?.message), /Its path is not that of the public URL/);
  assert.ok(!notes[0]?.message.includes(new URL(proxy.localUrl).pathname));
});

test("a wrong path is reported again after a minute", (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const events: DevproxyEvent[] = [];
  const rejections = new Rejections((event) => events.push(event));
  const response = { writeHead: () => response, end: () => undefined } as never as Parameters<
    Rejections["rejectWrongPath"]
  >[0];
  for (now of [0, 59_999, 60_000, 119_999, 120_000]) rejections.rejectWrongPath(response);
  assert.equal(events.length, 3);
});

function notesOf(events: DevproxyEvent[]) {
  return events.flatMap((event) => (event.event === "note" ? [event] : []));
}
