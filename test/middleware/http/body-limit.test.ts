import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { airudder } from "airudder-webhooks";
import { HOSTS, type Host, serve } from "../../helpers/app.js";
import { callCompleted, KEY, post } from "../../helpers/push.js";

const exact = Buffer.from(JSON.stringify(callCompleted()));
const over = Buffer.concat([exact, Buffer.from(" ")]);

/** A body without an announced length, in two pieces. */
function chunked(bytes: Buffer): ReadableStream<Uint8Array> {
  const half = bytes.length >> 1;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, half));
      controller.enqueue(bytes.subarray(half));
      controller.close();
    },
  });
}

function receiverOf(t: TestContext) {
  const receiver = airudder({ key: KEY, maxBodyBytes: exact.length, warnings: false });
  t.after(() => receiver.close());
  return receiver;
}

/** Each way to send a body, as the init of a request. */
const WAYS: readonly (readonly [string, (bytes: Buffer) => RequestInit])[] = [
  ["with its length", (bytes) => ({ body: bytes as NonNullable<RequestInit["body"]> })],
  ["in chunks", (bytes) => ({ body: chunked(bytes), duplex: "half" })],
  [
    "compressed",
    (bytes) => ({ body: gzipSync(bytes) as NonNullable<RequestInit["body"]>, headers: { "content-encoding": "gzip" } }),
  ],
];

for (const [way, initOf] of WAYS) {
  for (const host of Object.keys(HOSTS) as Host[]) {
    test(`${host}: a body ${way} may have maxBodyBytes, and not one byte more`, async (t) => {
      const { url } = await serve(t, HOSTS[host](receiverOf(t)));
      assert.equal((await post(url, "", initOf(exact))).status, 200);
      assert.equal((await post(url, "", initOf(over))).status, 413);
    });
  }

  test(`fetch: a body ${way} may have maxBodyBytes, and not one byte more`, async (t) => {
    const receiver = receiverOf(t);
    const send = (bytes: Buffer): Promise<Response> => {
      const { headers, ...init } = initOf(bytes);
      const all = { "content-type": "application/json", ...(headers as Record<string, string>) };
      return receiver.fetch(new Request("http://a.test/", { method: "POST", headers: all, ...init }));
    };
    assert.equal((await send(exact)).status, 200);
    assert.equal((await send(over)).status, 413);
  });
}
