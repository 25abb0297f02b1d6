import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { send, startProxy } from "../../helpers/devproxy.js";
import { LocaltunnelServer } from "../../helpers/localtunnel-server.js";
import { postPublicly } from "../../helpers/public.js";
import type { Recorded } from "../../helpers/recorder-app.js";

test("every path except the secret one gets 404", async (t) => {
  const { proxy, app } = await startProxy(t);
  const url = new URL(proxy.localUrl);
  const paths = [
    "/",
    "/in",
    "/in/",
    "/in/wrong",
    `${url.pathname}x`,
    url.pathname.slice(0, -1),
    `${url.pathname}/more`,
    `${url.pathname}/ping/more`,
    `/x${url.pathname}`,
    url.pathname.replace("/in/", "/in//"),
    "/webhooks/airudder",
    "/in/%2e%2e/%2e%2e/etc/passwd",
  ];
  for (const path of paths) {
    const reply = await send(url.origin + path, "{}");
    assert.deepEqual([path, reply.status, reply.text], [path, 404, "{}"]);
    assert.equal(reply.headers["x-powered-by"], undefined);
  }
  assert.equal(app.requests.length, 0);
  assert.equal(proxy.store.index.rows.length, 0);
});

test("a request with another method than POST gets 405, and is neither recorded nor forwarded", async (t) => {
  const { proxy, app } = await startProxy(t);
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
    const reply = await send(proxy.localUrl, "", { method });
    assert.deepEqual([method, reply.status, reply.headers.allow], [method, 405, "POST"]);
    if (method !== "HEAD") assert.equal(JSON.parse(reply.text).error.code, "method_not_allowed");
  }
  assert.equal(app.requests.length, 0);
  assert.equal(proxy.store.index.rows.length, 0);
});

test("a slash at the end of the path is accepted", async (t) => {
  const { proxy, app } = await startProxy(t);
  assert.equal((await send(`${proxy.localUrl}/`, "{}")).status, 200);
  assert.equal(app.requests[0]?.url, "/webhooks/airudder");
});

test("a ping gets the signed nonce, and is not recorded", async (t) => {
  const { proxy } = await startProxy(t);
  const secret = proxy.localUrl.split("/").at(-1) as string;
  const { status, text } = await send(`${proxy.localUrl}/ping?nonce=n%201`, "", { method: "GET" });
  assert.equal(status, 200);
  const signed = createHmac("sha256", secret).update("n 1").digest("hex");
  assert.deepEqual(JSON.parse(text), { "airudder-devproxy": signed });
  assert.equal(proxy.store.index.rows.length, 0);
});

test("the query of a push is added to that of the target", async (t) => {
  const { proxy, app } = await startProxy(t);
  const cases: [string, string][] = [
    ["", "/webhooks/airudder"],
    ["?", "/webhooks/airudder"],
    ["?a=1&b=%20x&a=2", "/webhooks/airudder?a=1&b=%20x&a=2"],
    ["?q='{}|^", "/webhooks/airudder?q='{}|^"],
  ];
  for (const [query, expected] of cases) {
    await new Promise<void>((resolve, reject) => {
      const { port, pathname } = new URL(proxy.localUrl);
      const outgoing = httpRequest({ port, path: pathname + query, method: "POST" }, (response) => {
        response.resume().on("end", resolve);
      });
      outgoing.on("error", reject).end("{}");
    });
    assert.equal(app.requests.at(-1)?.url, expected);
  }
});

test("the token of the target takes precedence over that of a push", async (t) => {
  const first = await startProxy(t);
  const { proxy, app } = await startProxy(t, { target: `${first.app.url}?token=mine`, app: first.app });
  await send(`${proxy.localUrl}?token=theirs&x=1`, "{}");
  assert.equal(app.requests[0]?.url, "/webhooks/airudder?token=mine&x=1");
});

test("the app receives the headers of the dev proxy; those of the sender with the same names are removed", async (t) => {
  const { proxy, app } = await startProxy(t);
  await send(proxy.localUrl, "{}", {
    headers: {
      "airudder-replay": "forged",
      "airudder-devproxy": "9",
      "user-agent": "Airudder",
      connection: "x-secret-hop",
      "x-secret-hop": "1",
      "x-kept": "1",
    },
  });
  const [{ headers }] = app.requests as [Recorded];
  assert.equal(headers["airudder-devproxy"], "1");
  assert.equal(headers["airudder-replay"], undefined);
  assert.equal(headers["x-secret-hop"], undefined);
  assert.equal(headers["x-kept"], "1");
  assert.equal(headers["user-agent"], "Airudder");
  assert.equal(headers.host, new URL(app.url).host);
  assert.equal(headers["x-forwarded-host"], new URL(proxy.localUrl).host);
});

test("the outcome of a push is reported, and removed from the response", async (t) => {
  const { proxy, app, events } = await startProxy(t);
  const outcome = { type: "call.completed", verified: true, duplicate: false, drift: 0, ms: 1 };
  app.reply = (_, response) => {
    response.writeHead(200, { "airudder-outcome": JSON.stringify(outcome) }).end("{}");
  };
  const reply = await send(proxy.localUrl, "{}");
  assert.equal(reply.headers["airudder-outcome"], undefined);
  const delivery = events.find(({ event }) => event === "delivery");
  assert.deepEqual(delivery?.event === "delivery" && delivery.outcome, outcome);
});

test("with passThrough, other requests are forwarded to the app and not recorded", async (t) => {
  const { proxy, app } = await startProxy(t, { passThrough: true });
  const { origin } = new URL(proxy.localUrl);
  app.reply = ({ url }, response) => void response.end(`page ${url}`);
  assert.equal((await send(`${origin}/pages/1?x=2`, "", { method: "GET" })).text, "page /pages/1?x=2");
  assert.equal(proxy.store.index.rows.length, 0);
  await app.stop();
  const down = await send(`${origin}/pages/1`, "", { method: "GET" });
  assert.equal(down.status, 502);
  assert.equal(JSON.parse(down.text).error.code, "app_down");
});

test("passThrough removes the headers between dev proxy and middleware, both ways", async (t) => {
  const { proxy, app } = await startProxy(t, { passThrough: true });
  app.reply = (_, response) => void response.writeHead(200, { "airudder-outcome": "{}", "x-kept": "1" }).end();
  const headers = { "Airudder-Replay": "forged", "AIRUDDER-DEVPROXY": "1", "Airudder-Outcome": "{}", "x-kept": "1" };
  const reply = await send(app.url.replace(app.origin, new URL(proxy.localUrl).origin), "{}", { headers });
  const received = app.requests[0]?.headers ?? {};
  const own = (names: object) => Object.keys(names).filter((name) => name.startsWith("airudder-"));
  assert.deepEqual([own(received), received["x-kept"]], [[], "1"]);
  assert.deepEqual([own(reply.headers), reply.headers["x-kept"]], [[], "1"]);
});

for (const [how, size, chunked] of [
  ["with a content-length", 10 * 1024 * 1024 + 1, false],
  ["with a content-length", 40 * 1024 * 1024, false],
  ["in chunks", 10 * 1024 * 1024 + 1, true],
  ["in chunks", 40 * 1024 * 1024, true],
] as const) {
  test(`a body of ${size} bytes, ${how}, is rejected with 413 and not recorded`, async (t) => {
    const { proxy, app } = await startProxy(t);
    const body = Buffer.alloc(size);
    const { status, text } = await send(
      proxy.localUrl,
      chunked ? [body.subarray(0, 6_000_000), body.subarray(6_000_000)] : body,
    );
    assert.deepEqual([status, JSON.parse(text).error.code], [413, "too_large"]);
    assert.equal(app.requests.length, 0);
    assert.equal(proxy.store.index.rows.length, 0);
  });

  test(`a body of ${size} bytes, ${how}, is rejected with 413 through a localtunnel server too`, async (t) => {
    const server = await new LocaltunnelServer().start();
    t.after(() => server.stop());
    const { proxy } = await startProxy(t, { tunnel: "localtunnel", tunnelHost: server.url });
    const url = (await proxy.tunnelReady()) as string;
    assert.equal(await postPublicly(url, Buffer.alloc(size), { chunked }), 413);
    assert.equal(await postPublicly(url, Buffer.from("{}"), { chunked }), 200);
  });
}

test("a push whose sender disconnects before its end is neither recorded nor forwarded", async (t) => {
  const { proxy, app } = await startProxy(t);
  const outgoing = httpRequest(proxy.localUrl, { method: "POST", headers: { "content-length": "100" } });
  outgoing.on("error", () => undefined);
  outgoing.write("{");
  await new Promise((resolve) => setTimeout(resolve, 50));
  outgoing.destroy();
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  assert.equal(proxy.store.index.rows.length, 1);
  assert.equal(app.requests.length, 1);
});
