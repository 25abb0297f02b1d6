import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sign } from "airudder-webhooks";
import { readJournal } from "airudder-webhooks/journal";
import { sample, send, startProxy, until } from "../../helpers/devproxy.js";

test("a push is on disk before the app receives it", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const onDisk: boolean[] = [];
  app.reply = (_, response) => {
    onDisk.push(readFileSync(join(dir, "000001.ndjson"), "utf8").includes("before-the-app"));
    response.end();
  };
  await send(proxy.localUrl, '{"x":"before-the-app"}');
  assert.deepEqual(onDisk, [true]);
});

test("the journal contains a description of each push and the result of its delivery", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { key: "s3cret" });
  const payload = JSON.parse(sample("call.completed/answered").toString());
  payload.Sign = sign(payload.TaskID, "s3cret");
  payload.Surprise = 1;
  app.reply = (_, response) => void response.writeHead(500).end('{"error":"boom"}');
  assert.equal((await send(proxy.localUrl, JSON.stringify(payload))).status, 500);
  await proxy.close();
  const heads: Record<string, unknown>[] = [];
  await readJournal(dir, { onRecord: ({ head }) => heads.push({ ...head }) });
  const [push, delivery] = heads;
  assert.equal(push?.type, "call.completed");
  assert.equal(push?.verified, true);
  assert.equal(push?.drift, 1);
  assert.equal(push?.source, "local");
  assert.equal(push?.task, payload.TaskID);
  assert.equal(push?.call, payload.Details[0].CallID);
  assert.equal(push?.url, "/");
  assert.equal(delivery?.push, push?.id);
  assert.equal(delivery?.status, 500);
  assert.equal(delivery?.cause, "live");
});

test("the secret of the path is not recorded", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const secret = proxy.localUrl.split("/").at(-1) as string;
  await send(`${proxy.localUrl}?a=1`, "{}");
  await proxy.close();
  assert.equal(readFileSync(join(dir, "000001.ndjson"), "utf8").includes(secret), false);
});

test("a push through a tunnel is distinguished by its Host", async (t) => {
  const { proxy } = await startProxy(t);
  await send(proxy.localUrl, "{}", { headers: { host: "demo.loca.lt" } });
  await send(proxy.localUrl, "{}");
  assert.deepEqual(
    proxy.store.index.rows.map(({ push }) => push.source),
    ["tunnel", "local"],
  );
});

test("a push that cannot be recorded gets 503 and is not sent to the app", async (t) => {
  const { proxy, app, dir, events } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  // A file in place of the folder has the effect of a broken disk.
  rmSync(dir, { recursive: true });
  writeFileSync(dir, "not a folder");
  const { status, text } = await send(proxy.localUrl, '{"x":1}');
  assert.equal(status, 503);
  assert.equal(JSON.parse(text).error.code, "journal_unavailable");
  assert.equal(app.requests.length, 1);
  const note = events.find((event) => event.event === "note" && event.code === "not_recorded");
  assert.match(
    note?.event === "note" ? note.message : "",
    /^The response was 503, .*\. A push, .* could not be recorded: /,
  );
});

test("a delivery that cannot be recorded is reported", async (t) => {
  const { proxy, app, dir, events } = await startProxy(t);
  app.reply = (_, response) => {
    rmSync(dir, { recursive: true });
    writeFileSync(dir, "not a folder");
    response.end("{}");
  };
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  await until(() => events.some((event) => event.event === "note"));
  const note = events.find((event) => event.event === "note");
  assert.match(note?.event === "note" ? note.message : "", /^The delivery of #1 \(200\) could not be recorded: /);
});

test("the next start continues the journal and its numbers", async (t) => {
  const first = await startProxy(t);
  await send(first.proxy.localUrl, '{"n":1}');
  const url = first.proxy.localUrl;
  await first.proxy.close();
  const second = await startProxy(t, { journal: first.dir, app: await first.app.stop().then(() => first.app.start()) });
  await send(second.proxy.localUrl, '{"n":2}');
  assert.deepEqual(
    second.proxy.store.index.rows.map(({ push }) => push.seq),
    [1, 2],
  );
  assert.equal(new URL(second.proxy.localUrl).pathname, new URL(url).pathname);
});
