import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { EventHub } from "../../../devproxy/src/api/event-hub.js";
import { Redactor } from "../../../devproxy/src/privacy/index.js";
import { Api } from "../../helpers/api.js";
import { sample, send, startProxy, until } from "../../helpers/devproxy.js";

test("the stream begins with the state, then sends each event with a name and an increasing id", async (t) => {
  const { proxy, app, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  const stream = api.events();
  await until(() => stream.events.length === 1);
  assert.equal(stream.contentType, "text/event-stream");
  assert.deepEqual(stream.events[0]?.data, {
    event: "state",
    appUp: true,
    waiting: 0,
    pushes: 0,
    tunnel: { state: "off", url: null },
  });
  await send(proxy.localUrl, sample("dialer.task/running"));
  await until(() => stream.events.length >= 3);
  await api.lines("POST", "/replays/some-id", { ids: ["1"] });
  await until(() => stream.events.some(({ data }) => data.state === "ended"));
  assert.deepEqual(
    stream.events
      .filter(({ event }) => event !== "state" && event !== "note")
      .map(({ event, data }) => [event, data.state ?? data.cause ?? data.type]),
    [
      ["push", "dialer.task"],
      ["delivery", "live"],
      ["replay", "started"],
      ["delivery", "replay"],
      ["replay", "ended"],
    ],
  );
  await app.stop();
  void send(proxy.localUrl, sample("dialer.task/running"));
  await until(() => stream.events.some(({ event, data }) => event === "note" && data.code === "app_down"));
  await until(() => stream.events.some(({ event, data }) => event === "state" && data.appUp === false));
  for (const [i, { id }] of stream.events.entries()) assert.equal(id, (stream.events[0]?.id ?? 0) + i);
  for (const { event, data } of stream.events) assert.equal(data.event, event);
});

test("every client gets every event, and closing one does not disturb the others", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  const [one, two] = [api.events(), api.events()];
  await until(() => one.events.length > 0 && two.events.length > 0);
  await send(proxy.localUrl, sample("dialer.task/running"));
  const pushesOf = (stream: typeof one) => stream.events.filter(({ event }) => event === "push").length;
  await until(() => pushesOf(one) === 1 && pushesOf(two) === 1);
  one.close();
  await send(proxy.localUrl, sample("dialer.task/running"));
  await until(() => pushesOf(two) === 2);
});

test("a client that does not read gets lagged, and its stream ends; other clients get every event", async (t) => {
  const hub = new EventHub(new Redactor("", false), () => ({
    event: "state",
    appUp: true,
    waiting: 0,
    pushes: 0,
    tunnel: { state: "off", url: null },
  }));
  const server = createServer((_, response) => hub.add(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    hub.close();
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const [slow, fast] = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  t.after(() => slow.destroy());
  t.after(() => fast.destroy());
  for (const socket of [slow, fast]) socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  let received = "";
  fast.setEncoding("utf8").on("data", (chunk: string) => {
    received += chunk;
  });
  await until(() => hub.size === 2);
  const message = "x".repeat(10_000);
  let sent = 0;
  while (hub.size === 2 && sent < 5_000) {
    hub.emit({ event: "note", code: "test", message });
    if (++sent % 10 === 0) await until(() => received.split('"code":"test"').length - 1 === sent);
  }
  assert.equal(hub.size, 1, `the slow client was dropped after ${sent} events`);
  let late = "";
  slow.setEncoding("utf8").on("data", (chunk: string) => {
    late += chunk;
  });
  await until(() => late.includes("event: lagged"));
  assert.doesNotMatch(received, /event: lagged/);
});

test("phone numbers in notes and in errors of connections are redacted", async (t) => {
  const { dir } = await startProxy(t, { inspect: 0 });
  const redactor = await Redactor.of(dir, false);
  const state = { event: "state", appUp: true, waiting: 0, pushes: 0, tunnel: { state: "off", url: null } } as const;
  const hub = new EventHub(redactor, () => state);
  let text = "";
  const response = Object.assign(new EventEmitter(), {
    writableLength: 0,
    writeHead: () => undefined,
    write: (part: string) => {
      text += part;
    },
    end: () => undefined,
  });
  hub.add(response as never);
  hub.emit({ event: "note", code: "test", message: "no route to +62 811 867 5309" });
  hub.emit({ event: "delivery", push: "p", status: null, ms: 1, cause: "live", error: "no route to +62 811 867 5309" });
  hub.close();
  assert.equal(text.match(/no route to <phone:/g)?.length, 2, text);
  assert.doesNotMatch(text, /5309/);
});

test("without a client, an event is neither formatted nor kept", () => {
  let reads = 0;
  const redactor = new Redactor("", false);
  redactor.text = (text) => {
    reads++;
    return text;
  };
  const hub = new EventHub(redactor, () => ({
    event: "state",
    appUp: true,
    waiting: 0,
    pushes: 0,
    tunnel: { state: "off", url: null },
  }));
  hub.emit({ event: "note", code: "test", message: "one" });
  assert.deepEqual([hub.size, reads], [0, 0]);
});

test("the streams end when listen ends", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const stream = new Api(dir).events();
  await until(() => stream.events.length > 0);
  await proxy.close();
  await until(() => stream.isEnded);
});
