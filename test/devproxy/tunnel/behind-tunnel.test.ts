import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { describe, it } from "node:test";
import { behindTunnel } from "../../../devproxy/src/tunnel/index.js";

/** What an http server says on a connection that asked nothing. */
async function saidToSilence(prepare: (server: http.Server) => void): Promise<string> {
  const server = http.createServer({ connectionsCheckingInterval: 20 });
  server.headersTimeout = server.requestTimeout = 50;
  prepare(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1").setEncoding("utf8");
  const answer = await Promise.race([
    once(socket, "data").then(([text]) => text as string),
    new Promise<string>((resolve) => setTimeout(resolve, 500, "")),
  ]);
  socket.destroy();
  server.close();
  return answer;
}

describe("a server behind a tunnel", () => {
  it("stays silent on a connection that waits for its first request", async () => {
    assert.equal(await saidToSilence(behindTunnel), "");
  });

  it("which Node's default does not: it answers 408 to what was never asked", async () => {
    assert.match(await saidToSilence(() => {}), /^HTTP\/1\.1 408 /);
  });
});
