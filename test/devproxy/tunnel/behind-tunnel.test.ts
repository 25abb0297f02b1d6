import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { describe, it } from "node:test";
import { behindTunnel } from "../../../devproxy/src/tunnel/index.js";

/** Returns what an http server sends on a connection without a request. */
async function sentWithoutRequest(prepare: (server: http.Server) => void): Promise<string> {
  const server = http.createServer({ connectionsCheckingInterval: 20 });
  server.headersTimeout = server.requestTimeout = 50;
  prepare(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1").setEncoding("utf8");
  const sent = await Promise.race([
    once(socket, "data").then(([text]) => text as string),
    new Promise<string>((resolve) => setTimeout(resolve, 500, "")),
  ]);
  socket.destroy();
  server.close();
  return sent;
}

describe("a server behind a tunnel", () => {
  it("sends nothing on a connection without a request", async () => {
    assert.equal(await sentWithoutRequest(behindTunnel), "");
  });

  it("differs from Node's default, which responds 408 without a request", async () => {
    assert.match(await sentWithoutRequest(() => {}), /^HTTP\/1\.1 408 /);
  });
});
