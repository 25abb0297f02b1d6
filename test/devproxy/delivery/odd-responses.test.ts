import assert from "node:assert/strict";
import { test } from "node:test";
import { send, startProxy, until } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const bounded = { timeout: 20_000 };

const impossible: Record<string, [string, RegExp]> = {
  "101 with an upgrade": [
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    /status 101/,
  ],
  "status 099": ["HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", /status 99/],
  "status 000": ["HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n", /status 0/],
};

for (const [name, [bytes, why]] of Object.entries(impossible)) {
  test(`${name} is an incomplete response: the sender gets 502, and the delivery ends`, bounded, async (t) => {
    const { proxy, app } = await startProxy(t);
    app.reply = (_, response) => void response.socket?.write(bytes);
    const { status, text } = await send(proxy.localUrl, "{}");
    assert.deepEqual([status, JSON.parse(text).error.code], [502, "answer_broken"]);
    await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
    assert.match(String(proxy.store.index.rows[0]?.deliveries[0]?.head.error), why);
  });
}

test("for a response over 10 MB the sender gets 502, and the delivery is recorded as cut", bounded, async (t) => {
  const { proxy, app } = await startProxy(t);
  app.reply = (_, response) => void response.end(Buffer.alloc(10 * 1024 * 1024 + 1));
  const { status, text } = await send(proxy.localUrl, "{}");
  assert.deepEqual([status, JSON.parse(text).error.code], [502, "response_too_large"]);
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  const head = proxy.store.index.rows[0]?.deliveries[0]?.head;
  assert.equal(head?.status, 200);
  assert.match(String(head?.error), /larger than 10 MB and was truncated/);
});

test("a response of 10 MB is passed on completely", bounded, async (t) => {
  const { proxy, app } = await startProxy(t);
  const body = Buffer.alloc(10 * 1024 * 1024, 7);
  app.reply = (_, response) => void response.end(body);
  const reply = await send(proxy.localUrl, "{}");
  assert.ok(reply.status === 200 && reply.body.equals(body));
});

test(
  "a target under localhost is this machine, for pushes and for requests that are passed through",
  bounded,
  async (t) => {
    const app = await new RecorderApp().start();
    const target = app.url.replace("127.0.0.1", "app.localhost");
    const { proxy } = await startProxy(t, { app, target, passThrough: true });
    assert.equal(proxy.appIsUp, true);
    assert.equal((await send(proxy.localUrl, "{}")).status, 200);
    assert.equal((await send(`${new URL(proxy.localUrl).origin}/page`, "", { method: "GET" })).status, 200);
    assert.equal(app.requests[0]?.headers.host, new URL(target).host);
  },
);

test("two slashes in the path of the target are kept", bounded, async (t) => {
  const app = await new RecorderApp().start();
  const { proxy } = await startProxy(t, { app, target: `${app.origin}//hooks//in?to=http://x` });
  await send(`${proxy.localUrl}?a=//b`, "{}");
  assert.equal(app.requests[0]?.url, "//hooks//in?to=http://x&a=//b");
});
