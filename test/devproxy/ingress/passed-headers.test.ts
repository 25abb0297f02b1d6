import assert from "node:assert/strict";
import { test } from "node:test";
import { send, startProxy } from "../../helpers/devproxy.js";

test("an x-forwarded-host of the tunnel reaches the app unchanged", async (t) => {
  const { proxy, app } = await startProxy(t);
  await send(proxy.localUrl, "{}", { headers: { "x-forwarded-host": "hooks.example.com" } });
  assert.equal(app.requests[0]?.headers["x-forwarded-host"], "hooks.example.com");
});

for (const status of [204, 304]) {
  test(`a ${status} of the app is returned without a body and without content-length`, async (t) => {
    const { proxy, app } = await startProxy(t);
    app.reply = (_, response) => void response.writeHead(status).end();
    const reply = await send(proxy.localUrl, "{}");
    assert.deepEqual([reply.status, reply.text, reply.headers["content-length"]], [status, "", undefined]);
  });
}
