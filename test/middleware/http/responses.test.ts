import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { type AirudderEvent, type AirudderOptions, airudder } from "airudder-webhooks";
import { HOSTS, type Host, serve } from "../../helpers/app.js";
import { callCompleted, KEY, post } from "../../helpers/push.js";

const whole = JSON.stringify(callCompleted());

interface Case {
  what: string;
  options?: AirudderOptions;
  path?: string;
  body?: unknown;
  init?: RequestInit;
  status: number;
  code: string;
}

const rejected: Case[] = [
  { what: "GET", init: { method: "GET", body: null }, status: 405, code: "method_not_allowed" },
  { what: "PUT", init: { method: "PUT" }, status: 405, code: "method_not_allowed" },
  { what: "a text", init: { headers: { "content-type": "text/plain" } }, status: 415, code: "unsupported_media_type" },
  {
    what: "a form",
    init: { headers: { "content-type": "application/x-www-form-urlencoded" } },
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "another charset",
    init: { headers: { "content-type": "application/json; charset=gbk" } },
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "an unknown encoding",
    init: { headers: { "content-encoding": "zstd" } },
    status: 415,
    code: "unsupported_encoding",
  },
  {
    what: "two encodings",
    init: { headers: { "content-encoding": "gzip, br" } },
    status: 415,
    code: "unsupported_encoding",
  },
  {
    what: "a body over the limit",
    options: { maxBodyBytes: whole.length - 1 },
    body: whole,
    status: 413,
    code: "too_large",
  },
  {
    what: "a body over the limit without a length",
    options: { maxBodyBytes: 1000 },
    body: new Blob([whole.repeat(40)]),
    status: 413,
    code: "too_large",
  },
  {
    what: "a compression bomb",
    body: gzipSync(Buffer.alloc(50_000_000, " ")),
    init: { headers: { "content-encoding": "gzip" } },
    status: 413,
    code: "too_large",
  },
  {
    what: "a body that is not gzip but says so",
    body: whole,
    init: { headers: { "content-encoding": "gzip" } },
    status: 400,
    code: "malformed_json",
  },
  { what: "an empty body", body: "", status: 400, code: "empty_body" },
  { what: "truncated JSON", body: whole.slice(0, -1), status: 400, code: "malformed_json" },
  { what: "only white space", body: "  \n", status: 400, code: "malformed_json" },
  {
    what: "bytes that are not UTF-8",
    body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    status: 400,
    code: "malformed_json",
  },
  { what: "an array", body: [], status: 400, code: "not_an_object" },
  { what: "a number", body: "1", status: 400, code: "not_an_object" },
  { what: "null", body: "null", status: 400, code: "not_an_object" },
  { what: "a push without its Sign", body: callCompleted({ Sign: undefined }), status: 401, code: "missing_sign" },
  { what: "a push with an empty Sign", body: callCompleted({ Sign: "" }), status: 401, code: "missing_sign" },
  { what: "a wrong Sign", body: callCompleted({ Sign: "0".repeat(32) }), status: 401, code: "bad_sign" },
  { what: "a masked Sign", body: callCompleted({ Sign: "a395ce1acxxxxxxxx7bab53f5" }), status: 401, code: "bad_sign" },
  { what: "a Sign that is not a string", body: callCompleted({ Sign: 7 }), status: 401, code: "bad_sign" },
  { what: "no token", options: { token: "t0ken" }, status: 401, code: "bad_token" },
  { what: "a wrong token", options: { token: "t0ken" }, path: "/?token=t0ke", status: 401, code: "bad_token" },
];

for (const host of Object.keys(HOSTS) as Host[]) {
  for (const { what, options, path = "/", body = whole, init, status, code } of rejected) {
    test(`${host}: ${what}: ${status} ${code}`, async (t) => {
      const events: AirudderEvent[] = [];
      const receiver = airudder({ key: KEY, observe: (event) => events.push(event), ...options });
      receiver.on("*", () => assert.fail("a rejected push must not reach a handler"));
      const { url } = await serve(t, HOSTS[host](receiver));
      const sent = body instanceof Blob ? { body: body.stream(), duplex: "half" } : {};
      const response = await post(url + path, body instanceof Blob ? "" : body, { ...sent, ...init } as RequestInit);
      assert.equal(response.status, status);
      const { error } = response.body as { error: { code: string; message: string } };
      assert.equal(error.code, code);
      assert.deepEqual(Object.keys(response.body as object), ["error"]);
      assert.doesNotMatch(error.message, /\n|at .*:\d+/, "the response contains no stack trace");
      if (status === 405) assert.equal(response.headers.get("allow"), "POST");
      assert.deepEqual(
        events.map((event) => [event.event, event.event === "rejected" && event.code]),
        [["rejected", code]],
      );
      assert.equal(
        (await post(`${url}/?token=t0ken`, callCompleted(), {})).status,
        options?.maxBodyBytes ? 413 : 500,
        "the next request is served",
      );
    });
  }

  test(`${host}: a valid push is handled, and the response is 200 {}`, async (t) => {
    const receiver = airudder({ key: KEY });
    let taskId = "";
    receiver.on("call.completed", async ({ payload }) => {
      taskId = payload.TaskID;
    });
    const { url } = await serve(t, HOSTS[host](receiver));
    const response = await post(url, whole);
    assert.deepEqual([response.status, response.body], [200, {}]);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(taskId, JSON.parse(whole).TaskID);
  });

  const failures: [string, () => unknown][] = [
    [
      "throws",
      () => {
        throw new Error("secret detail");
      },
    ],
    ["rejects", () => Promise.reject(new Error("secret detail"))],
    [
      "throws a value that is not an Error",
      () => {
        throw undefined;
      },
    ],
    ["rejects with a string", () => Promise.reject("secret detail")],
  ];
  for (const [what, handler] of failures) {
    test(`${host}: a handler that ${what}: 500 handler_failed, and the retry is handled`, async (t) => {
      const receiver = airudder({ key: KEY });
      let calls = 0;
      receiver.on("call.completed", () => (++calls === 1 ? handler() : undefined));
      const { url } = await serve(t, HOSTS[host](receiver));
      const response = await post(url, whole);
      assert.equal(response.status, 500);
      assert.deepEqual(response.body, {
        error: { code: "handler_failed", message: "The push could not be handled; send it again." },
      });
      assert.equal((await post(url, whole)).status, 200);
      assert.equal(calls, 2);
    });
  }

  test(`${host}: a handler that misses the deadline: 503 busy, the handler continues, and the retry joins it`, async (t) => {
    const receiver = airudder({ key: KEY, deadlineMs: 30 });
    let calls = 0;
    let finish = (): void => undefined;
    receiver.on("call.completed", () => {
      calls++;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    const { url } = await serve(t, HOSTS[host](receiver));
    const [first, second] = await Promise.all([post(url, whole), post(url, whole)]);
    assert.deepEqual([first.status, second.status], [503, 503]);
    assert.equal((first.body as { error: { code: string } }).error.code, "busy");
    const third = post(url, whole);
    finish();
    assert.equal((await third).status, 200);
    assert.equal((await post(url, whole)).status, 200);
    assert.equal(calls, 1);
  });

  test(`${host}: a body that does not arrive in time: 408 body_timeout, and the connection is closed`, async (t) => {
    const { url } = await serve(t, HOSTS[host](airudder({ key: KEY, bodyTimeoutMs: 40 })));
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    await new Promise((resolve) => socket.on("close", resolve));
    assert.match(text, /^HTTP\/1\.1 408 .*body_timeout/s);
  });

  test(`${host}: a sender that disconnects leaves no request in flight`, async (t) => {
    const receiver = airudder({ key: KEY });
    const { url } = await serve(t, HOSTS[host](receiver));
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    while (receiver.stats().inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while (receiver.stats().inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((await post(url, callCompleted())).status, 200);
  });

  test(`${host}: a closing receiver responds 503 busy`, async (t) => {
    const receiver = airudder({ key: KEY });
    const { url } = await serve(t, HOSTS[host](receiver));
    await receiver.close();
    const response = await post(url, whole);
    assert.deepEqual([response.status, (response.body as { error: { code: string } }).error.code], [503, "busy"]);
  });

  const encodings: [string, Buffer][] = [
    ["gzip", gzipSync(whole)],
    ["deflate", deflateSync(whole)],
    ["deflate", deflateRawSync(whole)],
    ["br", brotliCompressSync(whole)],
    ["identity", Buffer.from(whole)],
  ];
  for (const [encoding, body] of encodings) {
    test(`${host}: a body in ${encoding} is decompressed, and raw contains the result`, async (t) => {
      const receiver = airudder({ key: KEY });
      let raw = "";
      receiver.on("*", (push) => {
        raw = push.raw.toString();
      });
      const { url } = await serve(t, HOSTS[host](receiver));
      assert.equal((await post(url, body, { headers: { "content-encoding": encoding } })).status, 200);
      assert.equal(raw, whole);
    });
  }

  test(`${host}: a push sent in chunks, without a content type, with a byte order mark, is accepted`, async (t) => {
    const receiver = airudder({ key: KEY });
    const { url } = await serve(t, HOSTS[host](receiver));
    const status = await new Promise((resolve) => {
      const sending = request(url, { method: "POST" }, (response) => resolve(response.resume().statusCode));
      sending.write("\ufeff");
      for (const character of whole.match(/.{1,100}/gs) ?? []) sending.write(character);
      sending.end();
    });
    assert.equal(status, 200);
  });
}
