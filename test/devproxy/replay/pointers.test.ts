import assert from "node:assert/strict";
import { test } from "node:test";
import { send, startProxy } from "../../helpers/devproxy.js";

for (const [pointer, name] of [
  ["/a~1b", "a/b"],
  ["/a~0b", "a~b"],
  ["/a~01b", "a~1b"],
  ["/a~10b", "a/0b"],
] as const) {
  test(`replay --set: the JSON pointer ${pointer} is the field ${name}`, async (t) => {
    const { proxy, app } = await startProxy(t);
    await send(proxy.localUrl, JSON.stringify({ [name]: "before" }));
    await proxy.replay({ ids: ["1"], set: [`${pointer}=after`] });
    assert.deepEqual(JSON.parse(String(app.requests[1]?.body)), { [name]: "after" });
  });
}
