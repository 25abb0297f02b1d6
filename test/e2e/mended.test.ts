import assert from "node:assert/strict";
import { test } from "node:test";
import { run, send, startProxy } from "../helpers/devproxy.js";

test("of 1,000 pushes half fail; the app is mended: 500 fixed, exit 0; it is broken again: regressed, exit 1, and the diff names the field", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  let fails = (body: string): boolean => JSON.parse(body).n % 2 === 0;
  app.reply = ({ body }, response) => {
    const isBad = fails(body.toString());
    response.writeHead(isBad ? 500 : 200, { "content-type": "application/json" });
    response.end(isBad ? '{"error":{"code":"handler_failed","field":"CallID"}}' : "{}");
  };
  for (let first = 0; first < 1_000; first += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => send(proxy.localUrl, `{"n":${first + i}}`)));
  }
  const replay = ["replay", "--concurrency", "16", "--expect", "2xx", "--journal", dir];

  fails = () => false;
  const mended = await run([...replay, "--status", "failed"]);
  assert.equal(mended.code, 0, mended.err);
  assert.match(mended.out, /500\s+fixed/);

  fails = () => true;
  const broken = await run([...replay, "--last", "1000"]);
  assert.equal(broken.code, 1);
  assert.match(broken.out, /1000\s+regressed/);
  assert.match(broken.out, /status: 200 -> 500/);
  assert.match(broken.out, /body \/error/);
});
