import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { HOSTS, type Host, serve } from "../../helpers/app.js";
import { callCompleted, KEY } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** Number of timers that keep this process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

for (const host of Object.keys(HOSTS) as Host[]) {
  test(`${host}: the timer of the body's time limit is cancelled when the body is complete`, async (t) => {
    const receiver = airudder({ key: KEY, warnings: false });
    t.after(() => receiver.close());
    const { url } = await serve(t, HOSTS[host](receiver));
    const body = JSON.stringify(callCompleted());
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const before = timers();
    const outgoing = request(url, { method: "POST", headers, agent: false });
    outgoing.write(body.slice(0, 10));
    await until(() => timers() > before);
    outgoing.end(body.slice(10));
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    await once(response.resume(), "end");
    assert.equal(response.statusCode, 200);
    assert.equal(timers(), before);
  });
}
