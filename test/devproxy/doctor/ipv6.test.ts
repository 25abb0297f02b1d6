import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { examine } from "../../../devproxy/src/doctor/index.js";
import { startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

test("with IPv6: an app at [::1] is found to be up by doctor and by listen", async (t) => {
  const server = createServer((_, response) => response.end("{}"));
  const isListening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen(0, "::1", () => resolve(true));
  });
  if (!isListening) return t.skip("this machine has no ::1");
  t.after(() => server.close());
  const target = `http://[::1]:${(server.address() as AddressInfo).port}/`;
  for await (const { name, result } of examine({ tunnel: "none", journal: makeFolder(t), target })) {
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
