import assert from "node:assert/strict";
import { test } from "node:test";
import { publicRequest } from "../../devproxy/src/tunnel/index.js";
import { sample, sha256, startProxy } from "../helpers/devproxy.js";
import { LocaltunnelServer } from "../helpers/localtunnel-server.js";

test("through a real tunnel server: the app receives the same bytes, the push is recorded with its source, and other paths get 404", async (t) => {
  const server = await new LocaltunnelServer().start();
  t.after(() => server.stop());
  const { proxy, app, events } = await startProxy(t, {
    tunnel: "localtunnel",
    tunnelHost: server.url,
    subdomain: "whole-way",
  });
  const publicUrl = await proxy.tunnelReady();
  assert.equal(publicUrl, `${server.publicUrl("whole-way")}${new URL(proxy.localUrl).pathname}`);
  assert.equal(proxy.publicUrl, publicUrl);
  app.reply = (_, response) => void response.writeHead(202, { "content-type": "application/json" }).end('{"by":"app"}');
  const body = sample("call.completed/vendor-example");
  const headers = { "content-type": "application/json", "user-agent": "Airudder" };
  const response = await publicRequest(String(publicUrl), { method: "POST", headers, body });
  assert.deepEqual([response.status, response.body.toString()], [202, '{"by":"app"}']);
  assert.equal(app.requests[0]?.sha256, sha256(body));
  assert.equal(proxy.store.index.rows[0]?.push.source, "tunnel");
  assert.equal(proxy.store.index.rows[0]?.push.sha256, sha256(body));
  const other = await publicRequest(server.publicUrl("whole-way"), {});
  assert.equal(other.status, 404);
  assert.ok(events.some((event) => event.event === "tunnel" && event.state === "up" && event.url === publicUrl));
});

test("a tunnel server that cannot be reached is reported, and the local URL works", async (t) => {
  const { proxy, app, events } = await startProxy(t, { tunnel: "localtunnel", tunnelHost: "http://127.0.0.1:9" });
  assert.equal(await proxy.tunnelReady(), null);
  const reported = events.filter(({ event }) => event === "tunnel");
  assert.ok(reported.length >= 1);
  assert.ok(reported.every((event) => event.event === "tunnel" && event.state !== "up" && event.error));
  const response = await fetch(proxy.localUrl, { method: "POST", body: "{}" });
  assert.equal(response.status, 200);
  assert.equal(app.requests.length, 1);
});
