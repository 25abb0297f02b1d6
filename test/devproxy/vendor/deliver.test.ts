import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { serve } from "../../helpers/app.js";
import { atEnd } from "../../helpers/at-end.js";
import { sample } from "../../helpers/devproxy.js";
import { deliverAsVendor, directDestination, TestPushSender, VENDOR_HEADERS, type VendorOptions } from "./internals.js";

/** 10 s become 200 ms, and a minute becomes 1.2 s. */
const SCALE = 50;
const body = sample("call.completed/answered");

interface AppRequest {
  at: number;
  sameBody: boolean;
}

type Respond = (response: ServerResponse, request: IncomingMessage) => void;

/** An app that responds with `responses` in order, and repeats the last one. Records when each request arrived. */
async function startApp(t: TestContext, responses: Respond[]): Promise<{ url: URL; requests: AppRequest[] }> {
  const requests: AppRequest[] = [];
  const { url } = await serve(t, async (request, response) => {
    const at = performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ at, sameBody: Buffer.concat(chunks).equals(body) });
    (responses[requests.length - 1] ?? (responses.at(-1) as Respond))(response, request);
  });
  return { url: new URL(`${url}/hook`), requests };
}

function deliver(t: TestContext, url: URL, options: Partial<VendorOptions> = {}) {
  const sender = new TestPushSender(directDestination(url));
  atEnd(t, () => sender.close());
  const push = { type: "call.completed", headers: { ...VENDOR_HEADERS }, body };
  return deliverAsVendor((signal) => sender.send(push, signal), { type: push.type, timeScale: SCALE, ...options });
}

const status =
  (code: number, text = "{}"): Respond =>
  (response) =>
    void response.writeHead(code).end(text);

const ok = status(200);

const FAILURES: Record<string, { respond: Respond; pattern: RegExp | number; timedOut?: boolean }> = {
  "500": { respond: status(500), pattern: 500 },
  "404": { respond: status(404), pattern: 404 },
  "204 without a body": { respond: (response) => void response.writeHead(204).end(), pattern: 204 },
  "302 to a URL that responds 200": {
    respond: (response, { url }) => {
      if (url === "/other") response.writeHead(200).end("{}");
      else response.writeHead(302, { location: "/other" }).end();
    },
    pattern: 302,
  },
  "no response": { respond: () => undefined, pattern: /time limit/, timedOut: true },
  "200 after 11 s": {
    respond: (response) => void setTimeout(() => response.end("{}"), 11_000 / SCALE),
    pattern: /time limit/,
    timedOut: true,
  },
  "a body that never ends": {
    respond: (response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
    },
    pattern: /time limit/,
    timedOut: true,
  },
  "a reset connection": {
    respond: (response) => void response.socket?.resetAndDestroy(),
    pattern: /ECONNRESET/,
  },
  "a truncated response": {
    respond: (response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setTimeout(() => response.socket?.destroy(), 5);
    },
    pattern: /ECONNRESET/,
  },
  "a response that is not HTTP": {
    respond: (response) => void response.socket?.end("hello\r\n\r\n"),
    pattern: /not HTTP/,
  },
};

test("a failure is followed by a retry after a minute, byte for byte", { concurrency: true }, async (t) => {
  const cases = Object.entries(FAILURES).map(([name, { respond, pattern, timedOut = false }]) =>
    t.test(name, async (t) => {
      const { url, requests } = await startApp(t, [respond, ok]);
      const { state, attempts } = await deliver(t, url);
      const [first, second] = attempts;
      assert.equal(state, "received");
      assert.deepEqual(
        attempts.map((each) => [each.attempt, each.received, each.timedOut ?? false]),
        [
          [1, false, timedOut],
          [2, true, false],
        ],
      );
      if (typeof pattern === "number") assert.equal(first?.status, pattern);
      else assert.match(first?.error ?? "", pattern);
      assert.equal(second?.status, 200);
      // Timers may fire up to 1 ms early.
      if (timedOut) assert.ok((first?.ms ?? 0) >= 10_000 / SCALE - 1, `time limit of ${first?.ms} ms`);
      assert.equal(requests.length, 2);
      assert.ok(requests.every(({ sameBody }) => sameBody));
      const spacing = (requests[1]?.at ?? 0) - (requests[0]?.at ?? 0);
      assert.ok(spacing >= 60_000 / SCALE - 50, `${spacing} ms between the requests`);
    }),
  );
  await Promise.all(cases);
});

const RECEIVED: Record<string, Respond> = {
  "200 with {}": ok,
  "200 with another JSON body": status(200, '{"status":"skipped"}'),
  "200 with a body that is not JSON": status(200, "<p>thanks</p>"),
  "200 without a body": status(200, ""),
  "200 after 2 s": (response) => void setTimeout(() => response.end("{}"), 2_000 / SCALE),
};

for (const [name, respond] of Object.entries(RECEIVED)) {
  test(`${name} counts as received: nothing more is sent`, async (t) => {
    const { url, requests } = await startApp(t, [respond]);
    for (const accepts of ["200", "2xx"] as const) {
      const { state, attempts } = await deliver(t, url, { accepts });
      assert.deepEqual([state, attempts.length], ["received", 1]);
    }
    assert.equal(requests.length, 2);
  });
}

test("with accepts 2xx, 204 counts as received; 302 and 500 do not", async (t) => {
  const { url, requests } = await startApp(t, [status(302), status(500), (response) => response.writeHead(204).end()]);
  const { state, attempts } = await deliver(t, url, { accepts: "2xx", timeScale: 200 });
  assert.deepEqual([state, attempts.map(({ status }) => status)], ["received", [302, 500, 204]]);
  assert.equal(requests.length, 3);
});

test("a connection that is refused is a failure; without an app the push is lost", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await new Promise((resolve) => server.close(resolve));
  const { state, attempts } = await deliver(t, url, { timeScale: 300 });
  assert.deepEqual([state, attempts.length], ["lost", 6]);
  for (const { error, status } of attempts) {
    assert.match(error ?? "", /ECONNREFUSED/);
    assert.equal(status, undefined);
  }
});

const COUNTS: [type: string, deliveries: number | undefined, requests: number][] = [
  ["call.completed", undefined, 6],
  ["call.completed.info_check", undefined, 6],
  ["dialer.task", undefined, 5],
  ["dialer.agent", undefined, 5],
  ["dialer.contact", undefined, 5],
  ["workflow.status", undefined, 6],
  ["unknown", undefined, 6],
  ["constructor", undefined, 6],
  ["call.completed", 5, 5],
  ["dialer.task", 6, 6],
];

test("the type or an option determines how many times a push is sent before it is lost", {
  concurrency: true,
}, async (t) => {
  const cases = COUNTS.map(([type, deliveries, count]) =>
    t.test(`${type}${deliveries ? ` with ${deliveries} deliveries` : ""}: ${count} times`, async (t) => {
      const { url, requests } = await startApp(t, [status(503)]);
      const { state, attempts } = await deliver(t, url, { type, deliveries, timeScale: 200 });
      assert.deepEqual([state, attempts.length, requests.length], ["lost", count, count]);
    }),
  );
  await Promise.all(cases);
});

test("attempts end at the first success, or at the maximum", async () => {
  const result = fc.oneof(
    fc.record({ status: fc.constantFrom(200, 201, 204, 301, 302, 400, 404, 500, 503) }),
    fc.constant({ error: "reset" }),
    fc.constant({ status: 200, error: "truncated" }),
    fc.constant("throws" as const),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(result, { minLength: 6, maxLength: 6 }),
      fc.constantFrom(5, 6),
      fc.constantFrom("200" as const, "2xx" as const),
      async (results, deliveries, accepts) => {
        let sent = 0;
        const seen: number[] = [];
        const delivery = await deliverAsVendor(
          async () => {
            const each = results[sent++];
            if (each === "throws" || each === undefined) throw new Error("broken");
            return each;
          },
          {
            type: "call.completed",
            deliveries,
            accepts,
            timeScale: 1e9,
            onAttempt: ({ attempt }) => seen.push(attempt),
          },
        );
        const isSuccess = (each: (typeof results)[number]): boolean =>
          each !== "throws" &&
          !("error" in each) &&
          (accepts === "200" ? each.status === 200 : Math.floor(each.status / 100) === 2);
        const success = results.findIndex(isSuccess) + 1 || Number.POSITIVE_INFINITY;
        assert.equal(sent, Math.min(success, deliveries));
        assert.deepEqual(
          seen,
          Array.from({ length: sent }, (_, i) => i + 1),
        );
        assert.equal(delivery.state, success <= deliveries ? "received" : "lost");
        assert.equal(delivery.attempts.length, sent);
      },
    ),
    { numRuns: 200 },
  );
});

test("an aborted signal ends the wait, or the attempt in progress", async (t) => {
  const { url, requests } = await startApp(t, [status(500), () => undefined]);
  const waiting = new AbortController();
  const abortSoon = () => void setTimeout(() => waiting.abort(), 20);
  const first = await deliver(t, url, { signal: waiting.signal, timeScale: 1, onAttempt: abortSoon });
  assert.deepEqual([first.state, first.attempts.length, requests.length], ["stopped", 1, 1]);
  const sending = new AbortController();
  const delivery = deliver(t, url, { signal: sending.signal, timeScale: 1 });
  while (requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  sending.abort();
  const second = await delivery;
  assert.deepEqual([second.state, second.attempts.map(({ error }) => error)], ["stopped", ["stopped"]]);
  const none = await deliver(t, url, { signal: AbortSignal.abort() });
  assert.deepEqual([none.state, none.attempts, requests.length], ["stopped", [], 2]);
});

test("an attempt that ignores the signal does not delay the next one", async () => {
  let sent = 0;
  const { state, attempts } = await deliverAsVendor(
    () => (++sent === 1 ? new Promise(() => undefined) : Promise.resolve({ status: 200 })),
    { type: "call.completed", timeScale: 6_000 },
  );
  assert.deepEqual([state, attempts.map(({ timedOut }) => timedOut)], ["received", [true, undefined]]);
});
