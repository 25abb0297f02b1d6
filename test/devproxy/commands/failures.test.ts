import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder, fileInbox, sign } from "airudder-webhooks";
import type { PushDetail } from "../../../devproxy/src/api/types.js";
import { Api } from "../../helpers/api.js";
import { serve } from "../../helpers/app.js";
import { ListenProcess, run, sample, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { McpProcess } from "../../helpers/mcp.js";

const call = sample("call.completed/answered");

/** The folder of an inbox whose handler failed until the push was dead. */
async function deadInbox(t: import("node:test").TestContext): Promise<string> {
  const dir = makeFolder(t);
  const inbox = fileInbox(dir, { retries: 1, retryMs: 1 });
  let isDead = false;
  const receiver = airudder({
    inbox,
    token: false,
    warnings: false,
    observe: ({ event }) => {
      if (event === "dead") isDead = true;
    },
  });
  receiver.on("call.completed", () => {
    throw new TypeError("no column tenant_id");
  });
  await receiver.fetch(
    new Request("http://localhost/", { method: "POST", body: call, headers: { "content-type": "application/json" } }),
  );
  await until(() => isDead);
  await receiver.close();
  return dir;
}

test("list and show print the state, the attempts and the handler's error of an inbox push", async (t) => {
  const journal = ["--journal", await deadInbox(t)];
  const [row] = (await run(["list", "--json", ...journal])).lines();
  assert.deepEqual([row?.status, row?.attempts], ["dead", 2]);
  assert.match(String(row?.error), /^TypeError: no column tenant_id/);
  assert.match((await run(["list", ...journal])).out, /dead.*\n.*TypeError: no column tenant_id/);

  const { out } = await run(["show", "1", ...journal]);
  assert.match(out, /Inbox\n(.*\n)*.* failed {2}attempt 1 {2}TypeError: no column tenant_id/);
  assert.match(out, / dead {2}attempt 2 {2}TypeError: no column tenant_id/);
  const [shown] = (await run(["show", "1", "--json", ...journal])).lines();
  const history = shown?.inbox as { state: string; attempt?: number; error?: string }[];
  assert.deepEqual(
    history.filter(({ state }) => state !== "begun").map(({ state, attempt }) => [state, attempt]),
    [
      ["failed", 1],
      ["dead", 2],
    ],
  );
});

test("if the handler of a live push fails, listen, list and show print its error", async (t) => {
  const receiver = airudder({ token: false, warnings: false });
  receiver.on("call.completed", () => {
    throw new TypeError("no column tenant_id");
  });
  t.after(() => receiver.close());
  const { url } = await serve(t, receiver);
  const dir = makeFolder(t);
  const listen = await ListenProcess.start(t, ["--target", `${url}/`, "--journal", dir]);
  assert.equal((await send(listen.localUrl, call)).status, 500);
  await until(() => listen.events.some(({ event }) => event === "delivery"));
  const delivery = listen.events.find(({ event }) => event === "delivery");
  assert.equal(delivery?.result, "failed");
  assert.match(String((delivery?.outcome as { error?: string } | undefined)?.error), /^TypeError: no column tenant_id/);
  await listen.stop();
  const [row] = (await run(["list", "--json", "--journal", dir])).lines();
  assert.equal(row?.status, "failed");
  assert.match(String(row?.error), /^TypeError: no column tenant_id/);
  assert.match((await run(["show", "1", "--journal", dir])).out, /app: failed.*\n.*TypeError: no column tenant_id/);
});

const keys: [name: string, key: string | undefined, signedWith: string, cause: RegExp][] = [
  ["another key", "agreed", "other", /Another key was used/],
  [
    "the vendor's published key, although a key is agreed",
    "agreed",
    "airudder",
    /signed with the vendor's published key/,
  ],
  ["a key with white space around it", " agreed", "agreed", /white space/],
];
for (const [name, key, signedWith, cause] of keys) {
  test(`listen flags a Sign that does not match the key: ${name}`, async (t) => {
    const { proxy, events } = await startProxy(t, key === undefined ? {} : { key });
    const payload = { ...JSON.parse(call.toString()), TaskID: "t", Sign: sign("t", signedWith) };
    await send(proxy.localUrl, JSON.stringify(payload));
    const push = events.find((event) => event.event === "push");
    assert.ok(push?.event === "push" && push.verified === false);
    assert.match(push.signProblem ?? "", cause);
  });
}

test("a push with the right Sign, or of a type without one, is not flagged", async (t) => {
  const { proxy, events } = await startProxy(t, { key: "agreed" });
  await send(
    proxy.localUrl,
    JSON.stringify({ ...JSON.parse(call.toString()), TaskID: "t", Sign: sign("t", "agreed") }),
  );
  await send(proxy.localUrl, sample("dialer.task/running"));
  const flagged = events.map((event) => (event.event === "push" ? event.signProblem : undefined));
  assert.deepEqual([...new Set(flagged)], [undefined]);
});

test("list, show, the API and MCP explain a rejection, and name the likely cause of a wrong Sign", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { key: "agreed", inspect: 0 });
  const reject = { error: { code: "bad_sign", message: "The signature is wrong." } };
  app.reply = (_, response) => void response.writeHead(401).end(JSON.stringify(reject));
  const payload = { ...JSON.parse(call.toString()), TaskID: "t", Sign: sign("t", "airudder") };
  await send(proxy.localUrl, JSON.stringify(payload));
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  const cause = /signed with the vendor's published key/;
  const explanation = "the signature is wrong";
  const detail = await new Api(dir).get<PushDetail>("/pushes/1");
  assert.match(detail.signProblem ?? "", cause);
  assert.deepEqual([detail.head.error, detail.head.explanation], ["bad_sign", explanation]);
  assert.equal(detail.deliveries[0]?.explanation, explanation);
  const mcp = await McpProcess.start(t, ["--journal", dir]);
  const shown = (await mcp.call("show_push", { id: "1" })).data;
  assert.match(shown.signProblem, cause);
  assert.equal(shown.push.explanation, explanation);
  assert.match((await run(["list", "--journal", dir])).out, /\n +bad_sign: the signature is wrong\n/);
  const { out } = await run(["show", "1", "--journal", dir]);
  assert.match(out, /Sign does not match the key\. .*signed with the vendor's published key/);
  assert.match(out, /401 bad_sign.*\n +the signature is wrong/);
});
