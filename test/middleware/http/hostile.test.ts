import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { connect } from "node:net";
import { test } from "node:test";
import { type AirudderEvent, airudder, type Inbox } from "airudder-webhooks";
import { HOSTS, type Host, serve } from "../../helpers/app.js";
import { callCompleted, KEY, post, sample, webRequest } from "../../helpers/push.js";

const body = JSON.stringify(callCompleted({ TaskName: "Größe 日本 😀" }));

/** Sends the headers, then the body in a number of packets. */
function sendInPieces(url: string, pieces: number): Promise<string> {
  const bytes = Buffer.from(body);
  const size = Math.ceil(bytes.length / pieces);
  const socket = connect(Number(new URL(url).port), "127.0.0.1").setNoDelay();
  socket.write(
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    socket.on("close", () => resolve(text)).on("error", reject);
    void (async () => {
      for (let at = 0; at < bytes.length; at += size) {
        socket.write(bytes.subarray(at, at + size));
        await new Promise((next) => setTimeout(next, 15));
      }
    })();
  });
}

const expressHosts = (Object.keys(HOSTS) as Host[]).filter((host) => host !== "node:http");

for (const host of expressHosts) {
  for (const pieces of [1, 2, 7]) {
    test(`${host}: req.setEncoding("utf8") in earlier middleware, body in ${pieces} packets: the push is handled with its exact bytes`, async (t) => {
      const raws: string[] = [];
      const receiver = airudder({ key: KEY }).on("*", (push) => void raws.push(push.raw.toString()));
      const listener = HOSTS[host](receiver, (app) =>
        app.use((request, _response, next) => {
          request.setEncoding("utf8");
          next();
        }),
      );
      const { url } = await serve(t, listener);
      assert.match(await sendInPieces(url, pieces), /^HTTP\/1\.1 200 /);
      assert.deepEqual(raws, [body]);
    });

    for (const [when, wait] of [
      ["immediately", 0],
      ["after the first packet", 20],
    ] as const) {
      test(`${host}: middleware that collects req.rawBody as text and continues ${when}, body in ${pieces} packets: the push is handled`, async (t) => {
        let calls = 0;
        const receiver = airudder({ key: KEY }).on("call.completed", () => calls++);
        const listener = HOSTS[host](receiver, (app) =>
          app.use((request, _response, next) => {
            const collecting = request as typeof request & { rawBody: string };
            collecting.rawBody = "";
            request.setEncoding("utf8").on("data", (chunk) => {
              collecting.rawBody += chunk;
            });
            if (wait === 0) next();
            else setTimeout(next, wait);
          }),
        );
        const { url } = await serve(t, listener);
        assert.match(await sendInPieces(url, pieces), /^HTTP\/1\.1 200 /);
        assert.equal(calls, 1);
      });
    }
  }

  for (const [when, wait] of [
    ["immediately", 0],
    ["after the first packet", 20],
  ] as const) {
    for (const pieces of [1, 2, 7]) {
      test(`${host}: middleware that collects req.rawBody as a Buffer and continues ${when}, body in ${pieces} packets: the push is handled`, async (t) => {
        const raws: string[] = [];
        const receiver = airudder({ key: KEY }).on("call.completed", (push) => void raws.push(push.raw.toString()));
        const listener = HOSTS[host](receiver, (app) =>
          app.use((request, _response, next) => {
            const collecting = request as typeof request & { rawBody: Buffer };
            collecting.rawBody = Buffer.alloc(0);
            request.on("data", (chunk) => {
              collecting.rawBody = Buffer.concat([collecting.rawBody, chunk]);
            });
            if (wait === 0) next();
            else setTimeout(next, wait);
          }),
        );
        const { url } = await serve(t, listener);
        assert.match(await sendInPieces(url, pieces), /^HTTP\/1\.1 200 /);
        assert.deepEqual(raws, [body]);
      });
    }
  }

  test(`${host}: a request that earlier middleware has paused is read`, async (t) => {
    const receiver = airudder({ key: KEY, warnings: false, deadlineMs: 2_000 }).on("*", () => undefined);
    const listener = HOSTS[host](receiver, (app) =>
      app.use((request, _response, next) => {
        request.pause();
        setTimeout(next, 5);
      }),
    );
    const { url } = await serve(t, listener);
    assert.equal((await post(url, body)).status, 200);
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const deep = JSON.parse(`${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}`);
  for (const [what, value] of [
    ...(canSerialise(deep) ? [] : [["too deep to be serialised", deep]]),
    ["that refers to itself", circular],
    ["with a BigInt", { a: 1n }],
    ["whose toJSON returns nothing", { toJSON: () => undefined }],
    [
      "whose getter throws",
      Object.defineProperty({}, "a", {
        enumerable: true,
        get: () => {
          throw new Error("no");
        },
      }),
    ],
  ] as [string, object][]) {
    test(`${host}: a parsed body ${what}: 500 body_already_consumed with a hint`, async (t) => {
      const events: AirudderEvent[] = [];
      const receiver = airudder({ key: KEY, warnings: false, observe: (event) => events.push(event) });
      const listener = HOSTS[host](receiver, (app) =>
        app.use((request, _response, next) => {
          request.on("end", () => {
            request.body = value;
            next();
          });
          request.resume();
        }),
      );
      const { url } = await serve(t, listener);
      const response = await post(url, body);
      assert.deepEqual(
        [response.status, (response.body as { error: { code: string } }).error.code],
        [500, "body_already_consumed"],
      );
      const [rejected] = events;
      assert.ok(rejected?.event === "rejected" && /Mount the receiver before/.test(rejected.hint ?? ""));
    });
  }

  test(`${host}: a req.body whose getter throws: 500 body_already_consumed`, async (t) => {
    const receiver = airudder({ key: KEY, warnings: false });
    const listener = HOSTS[host](receiver, (app) =>
      app.use((request, _response, next) => {
        request.on("end", () => {
          Object.defineProperty(request, "body", {
            get: () => {
              throw new Error("no");
            },
          });
          next();
        });
        request.resume();
      }),
    );
    const { url } = await serve(t, listener);
    const response = await post(url, body);
    assert.deepEqual(
      [response.status, (response.body as { error: { code: string } }).error.code],
      [500, "body_already_consumed"],
    );
  });
}

const hmac = (value: string, raw: Buffer): boolean =>
  timingSafeEqual(Buffer.from(value), Buffer.from(createHmac("sha256", "s").update(raw).digest("hex")));

for (const [what, verifyHeaderSign, value, hint] of [
  [
    "throws, as timingSafeEqual does on unequal lengths",
    hmac,
    "short",
    /RangeError.*ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH/,
  ],
  ["returns something truthy", (() => 1) as unknown as typeof hmac, "x", /did not return true/],
  ["returns a promise", (async () => true) as unknown as typeof hmac, "x", /returned a promise/],
] as const) {
  test(`a verifyHeaderSign that ${what} rejects the push with 401 bad_sign and a hint`, async () => {
    const events: AirudderEvent[] = [];
    const receiver = airudder({ key: KEY, warnings: false, verifyHeaderSign, observe: (event) => events.push(event) });
    const request = webRequest(sample("chatbot.session.ended/closed.json"), { "x-airudder-sign": value });
    assert.equal((await receiver.fetch(request)).status, 401);
    const [rejected] = events;
    assert.ok(rejected?.event === "rejected" && rejected.code === "bad_sign");
    assert.match(rejected.hint ?? "", hint);
  });
}

const inboxes: [string, Partial<Record<keyof Inbox, unknown>>][] = [
  [
    "throws from put()",
    {
      put: () => {
        throw new Error("no disk");
      },
    },
  ],
  ["returns nothing from put()", { put: () => undefined }],
  ["resolves put() to undefined", { put: async () => undefined }],
  ["resolves put() to another value", { put: async () => "ok" }],
  ["rejects from put() with nothing", { put: () => Promise.reject() }],
  [
    "throws from consume()",
    {
      consume: () => {
        throw new Error("no");
      },
    },
  ],
  [
    "throws from open()",
    {
      open: () => {
        throw new Error("no");
      },
    },
  ],
  ["rejects from an async consume()", { consume: () => Promise.reject(new Error("no")) }],
  ["rejects from open()", { open: () => Promise.reject(new Error("no")) }],
];
for (const [what, functions] of inboxes) {
  test(`an inbox that ${what}: 503 inbox_unavailable with a hint`, async () => {
    const events: AirudderEvent[] = [];
    const inbox = {
      open: async () => undefined,
      put: async () => "stored" as const,
      consume: () => undefined,
      close: async () => undefined,
      ...functions,
    };
    const receiver = airudder({
      key: KEY,
      warnings: false,
      inbox: inbox as Inbox,
      observe: (event) => events.push(event),
    });
    if (what.includes("async consume")) {
      void receiver.work().catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 2; i++) {
      const response = await receiver.fetch(webRequest(callCompleted()));
      assert.deepEqual(
        [response.status, ((await response.json()) as { error: { code: string } }).error.code],
        [503, "inbox_unavailable"],
      );
    }
    const [rejected] = events;
    assert.ok(rejected?.event === "rejected" && (rejected.hint ?? "") !== "");
    await receiver.close();
  });
}

test("a request whose headers getter throws: 500, and the next request is served", async () => {
  const receiver = airudder({ key: KEY, warnings: false }).on("*", () => undefined);
  const status = await new Promise<number>((resolve) => {
    const request = {
      method: "POST",
      get headers(): never {
        throw new Error("no");
      },
    };
    receiver(request as never, { writeHead: resolve, end: () => undefined } as never);
  });
  assert.equal(status, 500);
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 200);
  assert.equal(receiver.stats().inFlight, 0);
});

test("the deadline counts from the call of the receiver: the time for the body reduces the time for the handler", async (t) => {
  const receiver = airudder({ key: KEY, warnings: false, deadlineMs: 400 });
  receiver.on("*", () => new Promise((resolve) => setTimeout(resolve, 350)));
  const { url } = await serve(t, receiver);
  const startedAt = performance.now();
  const text = await sendInPieces(url, 14);
  assert.match(text, /^HTTP\/1\.1 503 .*busy/s);
  assert.ok(performance.now() - startedAt < 650);
});

test("a body that is incomplete at the deadline: 408 body_timeout", async (t) => {
  const { url } = await serve(t, airudder({ key: KEY, warnings: false, deadlineMs: 60 }));
  assert.match(await sendInPieces(url, 20), /^HTTP\/1\.1 408 .*body_timeout/s);
});

for (const [what, handler] of [
  ["a generator function", function* () {}],
  ["an async generator function", async function* () {}],
] as [string, () => unknown][]) {
  test(`receiver.on() rejects ${what}, because its body would never run`, () => {
    assert.throws(() => airudder({ key: KEY }).on("*", handler), {
      code: "invalid_option",
      message: /Use an async function/,
    });
  });
}

test("a handler that returns a generator fails", async () => {
  const receiver = airudder({ key: KEY, warnings: false }).on("*", () => (function* () {})());
  assert.equal((await receiver.fetch(webRequest(callCompleted()))).status, 500);
});

test("payload values are redacted in an error of an inbox that quotes them", async () => {
  const events: AirudderEvent[] = [];
  const name = "Siti Rahayu";
  const inbox: Inbox = {
    open: async () => undefined,
    put: () => Promise.reject(new Error(`invalid input value: "+62 811-2223-3344" for contact ${name}`)),
    consume: () => undefined,
    close: async () => undefined,
  };
  const receiver = airudder({ key: KEY, warnings: false, inbox, observe: (event) => events.push(event) });
  const [call] = callCompleted().Details as object[];
  const push = callCompleted({ Details: [{ ...call, CalleeName: name }] });
  assert.equal((await receiver.fetch(webRequest(push))).status, 503);
  assert.match(JSON.stringify(events), /invalid input value: \\"\[phone\]\\" for contact \[value\]/);
});

test("stats() works although the inbox's state() throws", () => {
  const inbox = {
    open: async () => undefined,
    put: async () => "stored" as const,
    consume: () => undefined,
    close: async () => undefined,
  };
  const state = (): never => {
    throw new Error("no");
  };
  const receiver = airudder({ key: KEY, warnings: false, inbox: { ...inbox, state } });
  assert.equal(receiver.stats().inbox?.open, false);
});

/** Node 26 serialises objects of any depth. */
function canSerialise(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
