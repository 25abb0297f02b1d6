import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { publicRequest } from "../../../devproxy/src/tunnel/index.js";

describe("a request to a public URL", () => {
  const server = http.createServer((request, response) => {
    if (request.url === "/silent") return;
    if (request.url === "/half") return void response.writeHead(200, { "content-length": 10 }).write("half");
    if (request.url === "/cut") return void response.writeHead(200).write("cut", () => response.destroy());
    if (request.url === "/large") return void response.end("x".repeat(200_000));
    response.end(JSON.stringify({ method: request.method, host: request.headers.host, headers: request.headers }));
  });
  let port = 0;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  for (const name of ["demo.localhost", "a.b.localhost", "DEMO.LOCALHOST", "localhost", "127.0.0.1"]) {
    it(`reaches this machine under ${name}`, async () => {
      const { status, body } = await publicRequest(`http://${name}:${port}/`);
      assert.equal(status, 200);
      assert.equal(JSON.parse(body.toString()).host, `${name.toLowerCase()}:${port}`);
    });
  }

  it("passes the page that localtunnel's public server shows to browsers", async () => {
    const { body } = await publicRequest(`http://127.0.0.1:${port}/`);
    const { headers } = JSON.parse(body.toString());
    assert.equal(headers["bypass-tunnel-reminder"], "1");
    assert.doesNotMatch(headers["user-agent"], /mozilla/i);
  });

  it("keeps no more of the answer than it may", async () => {
    const { body } = await publicRequest(`http://127.0.0.1:${port}/large`, { maxBytes: 1_000 });
    assert.equal(body.length, 1_000);
  });

  for (const path of ["/silent", "/half"]) {
    it(`ends at the time limit (${path})`, async () => {
      const asked = publicRequest(`http://127.0.0.1:${port}${path}`, { timeoutMs: 100 });
      await assert.rejects(asked, { code: "ETIMEDOUT", message: "no response within 0.1 s" });
    });

    it(`ends with its signal (${path})`, async () => {
      const giveUp = new AbortController();
      const asked = publicRequest(`http://127.0.0.1:${port}${path}`, { signal: giveUp.signal });
      setTimeout(() => giveUp.abort(), 50);
      await assert.rejects(asked, { code: "ABORT_ERR" });
    });
  }

  it("fails on an answer that is cut off", async () => {
    await assert.rejects(publicRequest(`http://127.0.0.1:${port}/cut`), { code: "ECONNRESET" });
  });

  it("does not begin under an aborted signal", async () => {
    const asked = publicRequest(`http://127.0.0.1:${port}/`, { signal: AbortSignal.abort() });
    await assert.rejects(asked, { code: "ABORT_ERR" });
  });
});
