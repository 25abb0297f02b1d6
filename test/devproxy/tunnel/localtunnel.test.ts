import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import type { TunnelErrorCode } from "../../../devproxy/src/tunnel/index.js";
import { localtunnel, publicRequest, type TunnelError } from "../../../devproxy/src/tunnel/index.js";
import { freePort } from "../../helpers/free-port.js";
import { LocaltunnelServer } from "../../helpers/localtunnel-server.js";
import type { ServerMode } from "../../helpers/localtunnel-server-child.js";
import { Target } from "./target.js";
import { isTunnelError } from "./tunnel-error.js";

describe("localtunnel", () => {
  const server = new LocaltunnelServer();
  const target = new Target();
  const open = (options: { subdomain?: string; exactName?: boolean; timeoutMs?: number; signal?: AbortSignal } = {}) =>
    localtunnel({ host: server.url }).open({ port: target.port, ...options });
  before(() => Promise.all([server.start(), target.start()]));
  afterEach(() => server.behave("normal"));
  after(() => Promise.all([server.stop(), target.stop()]));

  it("has the URL of the requested name, with the port that the server leaves out", async () => {
    const tunnel = await open({ subdomain: "requested" });
    assert.equal(tunnel.url, `http://requested.localhost:${server.port}`);
    assert.equal(tunnel.takenName, undefined);
    await tunnel.close();
  });

  it("requests a random name by default", async () => {
    const tunnel = await open();
    assert.match(tunnel.url, /^http:\/\/airudder-[0-9a-f]{12}\.localhost:\d+$/);
    assert.equal(tunnel.takenName, undefined);
    await tunnel.close();
  });

  it("transfers the exact bytes, also if they are not text", async () => {
    const tunnel = await open();
    for (const body of [randomBytes(1_900), randomBytes(300_000), Buffer.from('{ "a" : 1.0, "b":"\\/😀" }')]) {
      const response = await publicRequest(tunnel.url, { method: "POST", body, maxBytes: 1_000_000 });
      assert.equal(sha256(response.body), sha256(body));
    }
    await tunnel.close();
  });

  it("transfers many parallel requests", async () => {
    const tunnel = await open();
    const bodies = Array.from({ length: 60 }, (_, n) => `push ${n}`);
    const post = (body: string) => publicRequest(tunnel.url, { method: "POST", body, timeoutMs: 30_000 });
    const responses = await Promise.all(bodies.map(post));
    assert.deepEqual(
      responses.map(({ body }) => body.toString()),
      bodies,
    );
    await tunnel.close();
  });

  it("reports that the name is taken and it has another one", async () => {
    const first = await open({ subdomain: "taken-name" });
    const second = await open({ subdomain: "taken-name" });
    assert.equal(second.takenName, "taken-name");
    assert.notEqual(second.url, first.url);
    await Promise.all([first.close(), second.close()]);
  });

  it("fails if the exact name is required", async () => {
    const first = await open({ subdomain: "exact-name" });
    await assert.rejects(
      open({ subdomain: "exact-name", exactName: true }),
      isTunnelError("tunnel_name_taken", /exact-name/),
    );
    await first.close();
  });

  it("gets its name again right after it was closed, although the server reserves it for a second", async () => {
    await (await open({ subdomain: "same-again" })).close();
    const tunnel = await open({ subdomain: "same-again" });
    assert.equal(tunnel.takenName, undefined);
    await tunnel.close();
  });

  it("can be closed twice", async () => {
    const tunnel = await open({ subdomain: "to-be-closed" });
    await tunnel.close();
    await tunnel.close();
    const response = await publicRequest(tunnel.url, { timeoutMs: 3_000 }).catch((error: Error) => error);
    assert.ok(response instanceof Error || response.status === 404);
  });

  it("reconnects automatically when all its connections are dropped", async () => {
    const tunnel = await open({ subdomain: "dropped" });
    await server.dropSockets();
    const response = await publicRequest(tunnel.url, { method: "POST", body: "still here" });
    assert.equal(response.body.toString(), "still here");
    await tunnel.close();
  });

  const responses: [mode: ServerMode, code: TunnelErrorCode, message: RegExp][] = [
    ["500", "tunnel_refused", /responded 500;/],
    ["html", "tunnel_not_a_server", /is not a localtunnel server: it responded with a web page/],
    ["garbage", "tunnel_not_a_server", /something unreadable/],
    ["empty", "tunnel_not_a_server", /JSON without a tunnel in it/],
    ["silent", "tunnel_timeout", /did not respond within 0\.3 s/],
  ];
  for (const [mode, code, message] of responses) {
    it(`fails with a message of one line if the response of the server is: ${mode}`, async () => {
      await server.behave(mode);
      await assert.rejects(open({ timeoutMs: mode === "silent" ? 300 : 8_000 }), isTunnelError(code, message));
    });
  }

  it("quotes the message of the server about a wrong name", async () => {
    await assert.rejects(open({ subdomain: "UP" }), isTunnelError("tunnel_refused", /403: Invalid subdomain/));
  });

  it("fails if nothing listens", async () => {
    const nowhere = localtunnel({ host: `http://127.0.0.1:${await freePort()}` });
    await assert.rejects(
      nowhere.open({ port: target.port }),
      isTunnelError("tunnel_unreachable", /connection refused/),
    );
  });

  it("fails if the connection port of the server is closed", async () => {
    const closed = await freePort();
    const grant = { id: "demo", port: closed, max_conn_count: 10, url: "http://demo.localhost" };
    const granting = await fakeServer(JSON.stringify(grant));
    const opening = localtunnel({ host: granting.url }).open({ port: target.port, subdomain: "demo" });
    await assert.rejects(
      opening,
      isTunnelError("tunnel_unreachable", new RegExp(`127\\.0\\.0\\.1:${closed}.*firewall`)),
    );
    granting.server.close();
  });

  it("ends sockets that are still connecting when it is closed", async () => {
    const sockets: net.Socket[] = [];
    const collect = (message: unknown) => sockets.push((message as { socket: net.Socket }).socket);
    const connecting = () => sockets.filter((socket) => socket.connecting && !socket.destroyed).length;
    subscribe("net.client.socket", collect);
    const tunnel = await open();
    unsubscribe("net.client.socket", collect);
    assert.ok(connecting() > 2, "the first of ten connections is open");
    const closed = tunnel.close();
    assert.ok(connecting() <= 1, "at most one to the local server, which ends with its relay");
    await closed;
  });

  for (const wrong of [
    { port: 0 },
    { port: "80" },
    { port: 70_000 },
    { url: "javascript:0" },
    { url: "http://[" },
    { id: 7 },
  ]) {
    it(`rejects a response with ${JSON.stringify(wrong)}`, async () => {
      const granting = await fakeServer(
        JSON.stringify({ id: "demo", port: 4000, url: "http://demo.localhost", ...wrong }),
      );
      const opening = localtunnel({ host: granting.url }).open({ port: target.port });
      await assert.rejects(opening, isTunnelError("tunnel_not_a_server", /JSON without a tunnel in it/));
      granting.server.close();
    });
  }

  it("explains how to fix a server that puts names before its IP address", async () => {
    for (const ip of ["127.0.0.1:4000", "192.168.1.20", "[::1]:4000"]) {
      const granting = await fakeServer(JSON.stringify({ id: "demo", port: 4000, url: `http://demo.${ip}` }));
      const opening = localtunnel({ host: granting.url }).open({ port: target.port });
      await assert.rejects(opening, (error: TunnelError) => {
        assert.ok(error.message.includes(`assigned http://demo.${ip}, which is not a valid URL`), error.message);
        return isTunnelError("tunnel_bad_address", /--domain localhost.*--tunnel-host its domain name/)(error);
      });
      granting.server.close();
    }
  });

  it("is cancelled by its signal", async () => {
    await server.behave("silent");
    const cancel = new AbortController();
    const opening = open({ signal: cancel.signal });
    setTimeout(() => cancel.abort(), 100);
    await assert.rejects(opening, isTunnelError("tunnel_closed", /tunnel request to .* cancelled/));
    await assert.rejects(open({ signal: AbortSignal.abort() }), isTunnelError("tunnel_closed", /./));
  });
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function fakeServer(json: string): Promise<{ server: net.Server; url: string }> {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n`;
  const server = net.createServer((socket) => socket.once("data", () => socket.end(head + json)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
