import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { runChecks } from "../../../devproxy/src/doctor/index.js";
import { send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

/** An app at [::1] that counts its requests. `undefined` if this machine has no IPv6 loopback address. */
async function startApp(t: TestContext): Promise<{ target: string; requests: string[] } | undefined> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(String(request.url));
    response.end("{}");
  });
  const isListening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen(0, "::1", () => resolve(true));
  });
  if (!isListening) return undefined;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { target: `http://[::1]:${(server.address() as AddressInfo).port}/hook`, requests };
}

test("with IPv6: an app at [::1] is found to be up by doctor and by listen", async (t) => {
  const app = await startApp(t);
  if (app === undefined) return t.skip("this machine has no ::1");
  const { target } = app;
  for await (const { name, result } of runChecks({ tunnel: "none", journal: makeFolder(t), target })) {
    if (name !== "app") continue;
    assert.equal(result, "ok");
    break;
  }
  const { proxy, events } = await startProxy(t, { target });
  assert.equal(proxy.appIsUp, true);
  assert.deepEqual(
    events.filter(({ event }) => event === "note"),
    [],
  );
});

test("with IPv6: a push is delivered to an app at [::1]", {}, async (t) => {
  const app = await startApp(t);
  if (app === undefined) return t.skip("this machine has no ::1");
  const { proxy } = await startProxy(t, { target: app.target, timeouts: { responseMs: 900, holdMs: 300 } });
  await send(proxy.localUrl, "{}");
  assert.deepEqual(app.requests, ["/hook"]);
});
