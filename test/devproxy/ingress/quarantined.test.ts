import assert from "node:assert/strict";
import { test } from "node:test";
import { send, startProxy } from "../../helpers/devproxy.js";
import { callCompleted } from "../../helpers/push.js";

test("the record of a push says whether its payload lacks what handlers need", async (t) => {
  const { proxy } = await startProxy(t);
  await send(proxy.localUrl, JSON.stringify(callCompleted()));
  await send(proxy.localUrl, JSON.stringify(callCompleted({ Details: "none" })));
  assert.deepEqual(
    proxy.store.index.rows.map(({ push }) => [push.type, push.quarantined ?? false]),
    [
      ["call.completed", false],
      ["call.completed", true],
    ],
  );
});
