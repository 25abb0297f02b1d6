import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import { ping, pingPath, pingResponse, TunnelError } from "../../../devproxy/src/tunnel/index.js";
import { Target } from "./target.js";

describe("ping", () => {
  const target = new Target("s3cret");
  before(() => target.start());
  after(() => target.stop());

  it("is answered with the nonce signed by the secret", () => {
    assert.match(pingPath("s3cret"), /^\/in\/[\w-]{6}\/ping$/);
    assert.equal(pingPath("s3cret").includes("s3cret"), false);
    assert.equal(
      pingResponse("key", "The quick brown fox jumps over the lazy dog"),
      '{"airudder-devproxy":"f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"}',
    );
  });

  it("passes when the same proxy answers", async () => {
    const { ms } = await ping({ url: target.url, secret: "s3cret" });
    assert.ok(ms > 0);
  });

  const wrong: [what: string, answer: (nonce: string) => string, reason: RegExp][] = [
    ["a proxy with another secret", (nonce) => pingResponse("other", nonce), /another dev proxy responds there/],
    ["an old answer again", () => pingResponse("s3cret", "old"), /another dev proxy responds there/],
    ["something else", () => "{}", /something else responded 200/],
    ["an empty body", () => "", /something else responded 200/],
  ];
  for (const [what, answer, reason] of wrong) {
    it(`fails on ${what}`, async () => {
      target.pingWith = answer;
      await assert.rejects(ping({ url: target.url, secret: "s3cret" }), isSilent(reason));
      target.pingWith = undefined;
    });
  }

  it("fails on a wrong secret, and does not print it", async () => {
    await assert.rejects(ping({ url: target.url, secret: "wr0ng", timeoutMs: 5_000 }), (error: unknown) => {
      assert.ok(error instanceof TunnelError);
      assert.doesNotMatch(error.message, /wr0ng|s3cret/);
      return true;
    });
  });

  it("fails on a web page, and says so", async () => {
    const page = http.createServer((_, response) => response.setHeader("content-type", "text/html").end("<p>Hi</p>"));
    await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
    const { port } = page.address() as { port: number };
    await assert.rejects(ping({ url: `http://127.0.0.1:${port}`, secret: "x" }), isSilent(/200 with a web page/));
    page.close();
  });

  it("fails when nothing listens", async () => {
    const gone = await new Target().start();
    const { url } = gone;
    await gone.stop();
    await assert.rejects(ping({ url, secret: "x" }), isSilent(/connection refused/));
  });
});

function isSilent(reason: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TunnelError);
    assert.equal(error.code, "tunnel_silent");
    assert.match(error.message, reason);
    return true;
  };
}
