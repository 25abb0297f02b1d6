import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { send, startProxy } from "../../helpers/devproxy.js";

test("a replay stops when the client that requested it disconnects", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  for (let n = 0; n < 3; n++) await send(proxy.localUrl, `{"n":${n}}`);
  const { port, token } = JSON.parse(readFileSync(join(dir, "listen.json"), "utf8"));
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const client = httpRequest({ host: "127.0.0.1", port, method: "POST", path: "/api/v1/replays/one", headers });
  client.on("error", () => undefined);
  let hasStopped = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    hasStopped = resolve;
  });
  // After these requests, the proxy knows that the client has disconnected.
  const requestState = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await send(`http://127.0.0.1:${port}/api/v1/state`, "", { method: "GET", headers });
  };
  let requesting = Promise.resolve();
  app.reply = async (_, response) => {
    response.on("close", () => response.writableFinished || hasStopped());
    client.destroy();
    requesting = requestState();
    await requesting;
    response.end("{}");
  };
  client.end('{"last":3}');
  await Promise.race([stopped, app.received(5)]);
  await requesting;
  assert.equal(app.requests.length, 4, "one push of the replay was sent");
});
