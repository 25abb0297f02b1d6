import assert from "node:assert/strict";
import { test } from "node:test";
import { Api } from "../../helpers/api.js";
import { send, startProxy, until } from "../../helpers/devproxy.js";
import { echo, leaks, plantedHeaders, plantedPushes } from "../../helpers/planted.js";

test("no value planted in pushes, headers, keys, responses and errors is in a response without reveal=1", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  let count = 0;
  app.reply = (request, response) => echo(request, response, count++);
  const stream = api.events();
  for (const { body } of plantedPushes)
    await send(`${proxy.localUrl}?name=Budiplantd&phone=0867-5309-0008`, body, { headers: plantedHeaders });
  await until(() => stream.events.filter(({ event }) => event === "delivery").length >= plantedPushes.length);
  const last = plantedPushes.length;
  const replies = new Map<string, string>();
  const add = async (method: string, path: string, body?: object) => {
    const { text, status, headers } = await api.send(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${text.slice(0, 300)}`);
    replies.set(`${method} ${path}`, JSON.stringify(headers) + text);
  };
  await add("GET", "/state");
  await add("GET", "/pushes?limit=500");
  await add("GET", "/pushes?limit=500&text=plantd");
  for (let seq = 1; seq <= last; seq++) await add("GET", `/pushes/${seq}`);
  for (let seq = 1; seq <= last; seq += 7) await add("GET", `/pushes/${seq}/curl`);
  for (let seq = 2; seq <= last; seq += 5) {
    await add("GET", `/diff?left=${seq - 1}&right=${seq}`);
    await add("GET", `/diff?left=${seq - 1}.1&right=${seq}.1`);
  }
  await add("POST", "/replays/a", { last: 60 });
  await add("POST", "/replays/b", { ids: ["1"], body: plantedPushes[1]?.body });
  await add("POST", "/triggers", { from: "1" });
  await add("POST", "/triggers", { body: plantedPushes[0]?.body });
  await add("POST", "/pins", { id: "1", name: "one" });
  await add("POST", "/triggers", { pin: "one" });
  for (const as of ["har", "ndjson", "curl", "test"]) await add("GET", `/export?as=${as}`);
  for (const path of ["/pins", "/stories", "/stories?text=plantd", "/stats", "/drift", "/doctor"])
    await add("GET", path);
  await until(() => stream.events.filter(({ event }) => event === "delivery").length >= plantedPushes.length + 64);
  replies.set("events", stream.text);
  for (const [name, text] of replies) assert.deepEqual(leaks(text), [], name);

  const revealed = await api.send("GET", "/pushes/1?reveal=1");
  assert.ok(leaks(revealed.text).length > 5, "the test would find them");
  const replayed = await api.send("POST", "/replays/c?reveal=1", { ids: ["2"], reveal: true });
  assert.ok(leaks(replayed.text).length > 0, "the test would find them in a replay");
  stream.close();
});
