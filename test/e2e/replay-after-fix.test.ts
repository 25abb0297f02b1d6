import assert from "node:assert/strict";
import { test } from "node:test";
import { run, send, startProxy } from "../helpers/devproxy.js";

test("half of 1,000 pushes fail; a replay to the fixed app reports 500 fixed and exits with 0; a replay to the broken app reports regressed, names the field and exits with 1", async (t) => {
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
  const fixed = await run([...replay, "--status", "failed"]);
  assert.equal(fixed.code, 0, fixed.err);
  assert.match(fixed.out, /500\s+fixed/);

  fails = () => true;
  const broken = await run([...replay, "--last", "1000"]);
  assert.equal(broken.code, 1);
  assert.match(broken.out, /1000\s+regressed/);
  assert.match(broken.out, /status: 200 -> 500/);
  assert.match(broken.out, /body \/error/);
});
