import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { airudder } from "airudder-webhooks";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";

const url = "https://example.test/webhooks/airudder?token=t";
const whole = JSON.stringify(callCompleted());

function requestOf(init: RequestInit = {}): Request {
  return new Request(url, {
    method: "POST",
    body: whole,
    headers: { "content-type": "application/json" },
    ...init,
  } as RequestInit);
}

test("receiver.fetch handles a push and responds 200 {}", async () => {
  const receiver = airudder({ key: KEY, token: "t" });
  let raw = "";
  receiver.on("call.completed", (push) => {
    raw = push.raw.toString();
  });
  const response = await receiver.fetch(requestOf());
  assert.deepEqual([response.status, await response.json()], [200, {}]);
  assert.equal(raw, whole);
});

const never = (): ReadableStream => new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("{")) });
const rejected: [string, Request, number, string][] = [
  ["GET", new Request(url), 405, "method_not_allowed"],
  ["a wrong token", webRequest(whole), 401, "bad_token"],
  ["no body", requestOf({ body: null }), 400, "empty_body"],
  ["plain text", requestOf({ headers: { "content-type": "text/plain" } }), 415, "unsupported_media_type"],
  [
    "a large body",
    requestOf({ body: new Blob(["x".repeat(5000)]).stream(), duplex: "half" } as RequestInit),
    413,
    "too_large",
  ],
  [
    "a compression bomb",
    requestOf({ body: gzipSync(Buffer.alloc(1e6)), headers: { "content-encoding": "gzip" } }),
    413,
    "too_large",
  ],
  ["a slow body", requestOf({ body: never(), duplex: "half" } as RequestInit), 408, "body_timeout"],
];
for (const [what, request, status, code] of rejected) {
  test(`receiver.fetch: ${what}: ${status} ${code}`, async () => {
    const receiver = airudder({ key: KEY, token: "t", maxBodyBytes: 4000, bodyTimeoutMs: 50 });
    const response = await receiver.fetch(request);
    assert.deepEqual(
      [response.status, ((await response.json()) as { error: { code: string } }).error.code],
      [status, code],
    );
  });
}

test("receiver.fetch: a request whose body was read: 500 body_already_consumed", async () => {
  const request = requestOf();
  await request.text();
  assert.equal((await airudder({ key: KEY }).fetch(request)).status, 500);
});
