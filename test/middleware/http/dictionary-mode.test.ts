import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { airudder } from "airudder-webhooks";
import { HOSTS, type Host, serve } from "../../helpers/app.js";
import { agentStatus, KEY, post } from "../../helpers/push.js";

setFlagsFromString("--allow-natives-syntax");
const hasFastProperties = new Function("object", "return %HasFastProperties(object)");

for (const host of Object.keys(HOSTS) as Host[]) {
  test(`${host}: up to Node 22, Express requests and responses are in dictionary mode; their properties are unchanged`, async (t) => {
    const receiver = airudder({ key: KEY });
    const seen: Record<"request" | "response", object>[] = [];
    const checked = Object.assign((...[request, response]: Parameters<typeof receiver>) => {
      const had = [Object.keys(request), Object.keys(response)].map((keys) => keys.toSorted());
      const values = [request.complete, response.sendDate];
      receiver(request, response);
      assert.deepEqual([request.complete, response.sendDate], values);
      const has = [Object.keys(request), Object.keys(response)].map((keys) => keys.toSorted());
      assert.deepEqual(
        had.map((keys, i) => keys.filter((key) => !has[i]?.includes(key))),
        [[], []],
      );
      seen.push({ request, response });
    }, receiver);
    const { url } = await serve(t, HOSTS[host](checked));
    assert.equal((await post(url, agentStatus())).status, 200);
    const isFast = host === "node:http" || Number.parseInt(process.versions.node, 10) >= 24;
    assert.deepEqual([hasFastProperties(seen[0]?.request), hasFastProperties(seen[0]?.response)], [isFast, isFast]);
  });
}

test("requests of HTTP/2, which have other properties, are not changed", async (t) => {
  const receiver = airudder({ key: KEY });
  const server = createServer(receiver as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { connect } = await import("node:http2");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => session.close());
  const request = session.request({ ":method": "POST", "content-type": "application/json" });
  request.end(JSON.stringify(agentStatus()));
  const status = await new Promise((resolve) => request.on("response", (headers) => resolve(headers[":status"])));
  let text = "";
  for await (const chunk of request) text += chunk;
  assert.deepEqual([status, text], [200, "{}"]);
});
