import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { type Finding, runChecks } from "../../../devproxy/src/doctor/index.js";
import { serve } from "../../helpers/app.js";
import { send } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { KEY } from "../../helpers/push.js";

/** The result of the check `bytes` for a receiver behind a gateway that removes the replay header. */
async function bytesFinding(
  t: import("node:test").TestContext,
  changeBody: (body: string) => string,
): Promise<Finding | undefined> {
  const receiver = airudder({ key: KEY, warnings: false });
  t.after(() => receiver.close());
  const app = await serve(t, receiver);
  const gateway = await serve(t, async (request, response) => {
    let body = "";
    for await (const text of request.setEncoding("utf8")) body += text;
    const headers = { "airudder-devproxy": String(request.headers["airudder-devproxy"]) };
    const reply = await send(app.url, changeBody(body), { headers });
    response.writeHead(reply.status, { "airudder-outcome": String(reply.headers["airudder-outcome"]) });
    response.end(reply.body);
  });
  for await (const finding of runChecks({
    tunnel: "none",
    journal: makeFolder(t),
    key: KEY,
    target: `${gateway.url}/`,
  })) {
    if (finding.name === "bytes") return finding;
  }
  return undefined;
}

test("a gateway that re-serialises the JSON is detected: two different test pushes arrive as the same bytes", {}, async (t) => {
  const finding = await bytesFinding(t, (body) => JSON.stringify(JSON.parse(body)));
  assert.equal(finding?.result, "failed");
  assert.match(finding.detail, /consumes the bytes/);
});

test("a gateway that forwards the exact bytes passes the check, even if it removes the replay header", async (t) => {
  assert.equal((await bytesFinding(t, (body) => body))?.result, "ok");
});
