import assert from "node:assert/strict";
import { test } from "node:test";
import { send, sha256, startProxy } from "../../helpers/devproxy.js";

const MAX_BYTES = 10 * 1024 * 1024;

for (const isChunked of [false, true]) {
  test(`a body of exactly 10 MB is delivered, one byte more is rejected: ${isChunked ? "chunked" : "with its length"}`, async (t) => {
    const { proxy, app } = await startProxy(t);
    const post = (body: Buffer) =>
      send(proxy.localUrl, isChunked ? [body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)] : body);
    const largest = Buffer.alloc(MAX_BYTES, " ");
    largest.write("{}");
    assert.equal((await post(largest)).status, 200);
    assert.equal((await post(Buffer.concat([largest, Buffer.from(" ")]))).status, 413);
    assert.deepEqual(
      app.requests.map((request) => request.sha256),
      [sha256(largest)],
    );
  });
}
