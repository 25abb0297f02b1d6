import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { readJournal, readRecord } from "airudder-webhooks/journal";
import { serve } from "../helpers/app.js";
import { sample, sha256, startProxy } from "../helpers/devproxy.js";
import { LocaltunnelServer } from "../helpers/localtunnel-server.js";
import { postPublicly } from "../helpers/public.js";

const odd = Buffer.from('{ "a" :\t"x\\/y",\r\n"emoji":"😀", "n":1.0, "e": 1E+2 }\n');
const bodies: [string, Buffer, boolean][] = [
  ["the vendor's call completion, as published", sample("call.completed/vendor-example"), false],
  ["the vendor's dialer task, as published", sample("dialer.task/vendor-example"), false],
  ["odd spacing, \\/, emoji and 1.0", odd, false],
  ["chunked transfer", odd, true],
];

test("through a real localtunnel server every byte arrives at the app, is recorded in the journal, and is replayed", async (t) => {
  const server = await new LocaltunnelServer().start();
  t.after(() => server.stop());
  const { proxy, app, dir } = await startProxy(t, { tunnel: "localtunnel", tunnelHost: server.url });
  const url = await proxy.tunnelReady();
  assert.ok(url);
  assert.ok(url.includes(".localhost:"), url);

  for (const [what, body, chunked] of bodies) {
    assert.equal(await postPublicly(url, body, { chunked }), 200, what);
    const expected = sha256(body);
    assert.equal(app.requests.at(-1)?.sha256, expected, `${what}: at the app`);
    const row = proxy.store.index.rows.at(-1);
    assert.ok(row);
    assert.equal(row.push.source, "tunnel");
    const { content } = await readRecord(dir, row.location);
    assert.equal(content && sha256(content.body), expected, `${what}: in the journal`);
    await proxy.replay({ ids: [`#${row.push.seq}`] });
    assert.equal(app.requests.at(-1)?.sha256, expected, `${what}: replayed`);
  }
  let deliveries = 0;
  await readJournal(dir, { onRecord: ({ head }) => (deliveries += head.kind === "delivery" ? 1 : 0) });
  assert.equal(deliveries, bodies.length * 2);
});

test("through the tunnel every path except the secret one gets 404", async (t) => {
  const server = await new LocaltunnelServer().start();
  t.after(() => server.stop());
  const { proxy, app } = await startProxy(t, { tunnel: "localtunnel", tunnelHost: server.url });
  const url = new URL((await proxy.tunnelReady()) as string);
  for (const path of ["/", "/in", "/in/", "/in/guess", `${url.pathname}x`, `${url.pathname}/sub`, "/list", "/replay"]) {
    assert.equal(await postPublicly(new URL(path, url).href, odd, {}), 404, path);
  }
  assert.equal(app.requests.length, 0);
  assert.equal(proxy.store.index.rows.length, 0);
});

test("the middleware behind the tunnel verifies and handles pushes, and distinguishes a replay from a duplicate", async (t) => {
  const server = await new LocaltunnelServer().start();
  t.after(() => server.stop());
  const receiver = airudder({ key: "airudder" });
  const seen: [string, boolean, boolean][] = [];
  receiver.on("*", ({ type, verified, replay }) => seen.push([type, verified, replay !== undefined]));
  const { url: target } = await serve(t, receiver);
  const { proxy, events } = await startProxy(t, { target, tunnel: "localtunnel", tunnelHost: server.url });
  const url = (await proxy.tunnelReady()) as string;
  const body = sample("call.completed/answered");
  assert.equal(await postPublicly(url, body, {}), 200);
  assert.equal(await postPublicly(url, body, {}), 200);
  await proxy.replay({ ids: ["#1"] });
  assert.deepEqual(seen, [
    ["call.completed", true, false],
    ["call.completed", true, true],
  ]);
  const outcomes = events.flatMap((event) =>
    event.event === "delivery" ? [event.outcome as { duplicate: boolean }] : [],
  );
  assert.deepEqual(
    outcomes.map(({ duplicate }) => duplicate),
    [false, true, false],
  );
});
