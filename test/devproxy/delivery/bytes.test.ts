import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { sample, send, sha256, startProxy } from "../../helpers/devproxy.js";

const ODD = Buffer.from(
  '\ufeff{ "TaskID" :\t"a\\/b\\u00e9",\r\n  "Details":[ {"CallID" : "😀 é \\ud83d\\ude00", "n":1.0, "e":1E+2,"z":-0 } ] ,"a":1,"a":2 }\n\n',
);

const bodies: Record<string, { body: Buffer | Buffer[]; headers?: Record<string, string> }> = {
  "the vendor's call completion": { body: sample("call.completed/vendor-example") },
  "the vendor's dialer task": { body: sample("dialer.task/vendor-example") },
  "odd spacing, \\/, emoji, 1.0, a byte order mark": { body: ODD },
  "chunked transfer": { body: [ODD.subarray(0, 7), ODD.subarray(7, 60), ODD.subarray(60)] },
  gzip: { body: gzipSync(ODD), headers: { "content-encoding": "gzip" } },
  brotli: { body: brotliCompressSync(ODD), headers: { "content-encoding": "br" } },
  "invalid UTF-8": { body: Buffer.from([0x7b, 0x22, 0xff, 0xc0, 0x80, 0x00, 0x0d, 0x0a]) },
  "an empty body": { body: Buffer.alloc(0) },
  "a megabyte": { body: Buffer.alloc(1_000_000, 0x78) },
};

for (const [name, { body, headers }] of Object.entries(bodies)) {
  test(`${name}: the same bytes at the app, in the journal, and at the app again`, async (t) => {
    const { proxy, app } = await startProxy(t);
    const expected = sha256(Array.isArray(body) ? Buffer.concat(body) : body);
    const { status } = await send(proxy.localUrl, body, headers ? { headers } : {});
    assert.equal(status, 200);
    const [row] = proxy.store.index.rows;
    assert.ok(row);
    const kept = await proxy.store.content(row.location);
    await proxy.replay({ ids: ["#1"] });
    assert.deepEqual(
      [sha256(kept.body), row.push.sha256, ...app.requests.map((request) => request.sha256)],
      [expected, expected, expected, expected],
    );
    assert.equal(app.requests[0]?.headers["content-encoding"], headers?.["content-encoding"]);
    for (const request of app.requests) assert.equal(request.headers["transfer-encoding"], undefined);
  });
}

test("Expect: 100-continue is answered here and does not reach the app", async (t) => {
  const { proxy, app } = await startProxy(t);
  const { status } = await send(proxy.localUrl, ODD, { headers: { expect: "100-continue" } });
  assert.equal(status, 200);
  assert.equal(app.requests[0]?.sha256, sha256(ODD));
  assert.equal(app.requests[0]?.headers.expect, undefined);
});

test("an answer's bytes come back as the app sent them", async (t) => {
  const { proxy, app } = await startProxy(t);
  const answer = gzipSync('{"odd" : 1.0}');
  app.reply = (_, response) => {
    response.writeHead(418, {
      "content-type": "application/x-odd",
      "content-encoding": "gzip",
      "set-cookie": ["a=1", "b=2"],
    });
    response.write(answer.subarray(0, 5));
    response.end(answer.subarray(5));
  };
  const reply = await send(proxy.localUrl, "{}");
  assert.equal(reply.status, 418);
  assert.equal(reply.headers["content-type"], "application/x-odd");
  assert.deepEqual(reply.headers["set-cookie"], ["a=1", "b=2"]);
  assert.deepEqual(reply.body, answer);
});
