import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { DevproxyEvent, Row, WhenDown } from "airudder-devproxy";
import { openSnapshot, statusOf } from "../../../devproxy/src/journal/index.js";
import { LiveDelivery } from "../../../devproxy/src/queue/index.js";
import { send, startProxy, type TestProxyOptions, until } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const healthCheckIntervals = { up: 20, down: 20, waiting: 10 };

async function startWithoutApp(
  t: Parameters<typeof startProxy>[0],
  whenDown: WhenDown,
  timeouts: TestProxyOptions["timeouts"] = { responseMs: 900, holdMs: 300 },
) {
  const app = await new RecorderApp().start();
  await app.stop();
  return startProxy(t, { app, whenDown, timeouts, healthCheckIntervals });
}

test("hold: waits for the app and returns its response", async (t) => {
  const { proxy, app } = await startWithoutApp(t, "hold", { responseMs: 9_000, holdMs: 8_000 });
  app.reply = (_, response) => void response.writeHead(201).end('{"from":"app"}');
  const reply = send(proxy.localUrl, '{"n":1}');
  await until(() => proxy.store.index.rows.length === 1);
  await app.start();
  const { status, text } = await reply;
  assert.deepEqual([status, text], [201, '{"from":"app"}']);
});

test("hold: after the limit the response is 200, and the pushes are delivered when the app is back", async (t) => {
  const { proxy, app } = await startWithoutApp(t, "hold");
  const replies = await Promise.all([1, 2, 3, 4, 5].map((n) => send(proxy.localUrl, `{"n":${n}}`)));
  assert.deepEqual(
    replies.map(({ status, text }) => [status, text]),
    Array(5).fill([200, "{}"]),
  );
  await app.start();
  await app.received(5);
  assert.deepEqual(
    app.requests.map(({ body }) => body.toString()).toSorted(),
    [1, 2, 3, 4, 5].map((n) => `{"n":${n}}`),
  );
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
  const causes = proxy.store.index.rows.map(({ deliveries }) => deliveries.map(({ head }) => head.cause));
  assert.deepEqual(causes, Array(5).fill(["live", "queued"]));
  assert.match(String(proxy.store.index.rows[0]?.deliveries[0]?.head.error), /connection refused/);
});

test("ack: responds 200 immediately and delivers later", async (t) => {
  const { proxy, app } = await startWithoutApp(t, "ack", { responseMs: 9_000, holdMs: 8_000 });
  const start = performance.now();
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  assert.ok(performance.now() - start < 5_000);
  await app.start();
  await app.received(1);
});

test("fail: responds 502 and sends nothing later, because Airudder retries", async (t) => {
  const { proxy, app } = await startWithoutApp(t, "fail");
  const { status, text } = await send(proxy.localUrl, '{"n":1}');
  assert.equal(status, 502);
  assert.equal(JSON.parse(text).error.code, "app_down");
  await app.start();
  await until(() => proxy.appIsUp);
  assert.equal((await send(proxy.localUrl, '{"n":2}')).status, 200);
  assert.deepEqual(
    app.requests.map(({ body }) => body.toString()),
    ['{"n":2}'],
  );
  assert.equal(proxy.store.index.rows.length, 2);
});

test("a restart resumes the queue", async (t) => {
  const { proxy, app, dir } = await startWithoutApp(t, "ack");
  const agent = (n: number) => JSON.stringify({ type: "AgentStatus", body: { agentName: "a", taskId: "t", n } });
  for (const n of [1, 2, 3]) await send(proxy.localUrl, agent(n));
  await proxy.close();
  await app.start();
  const again = await startProxy(t, { app, journal: dir, healthCheckIntervals });
  await app.received(3);
  assert.deepEqual(
    app.requests.map(({ body }) => body.toString()),
    [1, 2, 3].map(agent),
  );
  await until(() => again.proxy.store.index.rows.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
  await again.proxy.close();
  const third = await startProxy(t, { app, journal: dir, healthCheckIntervals });
  await send(third.proxy.localUrl, '{"n":4}');
  assert.equal(app.requests.length, 4, "delivered pushes are not delivered again");
});

test("a push that arrives during a restart does not overtake a waiting one of its subject", async (t) => {
  const { proxy, app, dir } = await startWithoutApp(t, "ack");
  const agent = (n: number) =>
    JSON.stringify({ type: "AgentStatus", body: { agentName: "a", State: "CALLING", taskId: "t", n } });
  await send(proxy.localUrl, agent(1));
  await proxy.close();
  await app.start();
  let second: Promise<unknown> | undefined;
  const start = LiveDelivery.prototype.start;
  t.mock.method(LiveDelivery.prototype, "start", async function (this: LiveDelivery) {
    second = send(proxy.localUrl, agent(2));
    await recorded(dir, 2);
    return start.call(this);
  });
  const { port } = new URL(proxy.localUrl);
  await startProxy(t, { app, journal: dir, port: Number(port), healthCheckIntervals });
  await second;
  await app.received(2);
  assert.deepEqual(
    app.requests.map(({ body }) => JSON.parse(body.toString()).body.n),
    [1, 2],
  );
});

/** Resolves when `count` pushes are in the journal. */
async function recorded(dir: string, count: number): Promise<void> {
  await until(async () => (await openSnapshot(dir)).index.rows.length === count);
}

test("a waiting push that can no longer be read is reported and skipped; the next ones are sent", async (t) => {
  const { proxy, app, dir, events } = await startWithoutApp(t, "ack");
  for (const n of [1, 2]) await send(proxy.localUrl, `{"n":${n}}`);
  const path = join(dir, "000001.ndjson");
  const text = readFileSync(path, "latin1");
  writeFileSync(path, text.replace('"body":"{\\"n\\":1}"', '"body" "{\\"n\\":1}"'), "latin1");
  await app.start();
  await app.received(1);
  assert.equal(app.requests[0]?.body.toString(), '{"n":2}');
  await until(() => events.some((event) => event.event === "note" && event.code === "given_up"));
});

test("a push waits for a late delivery of its subject; pushes of other subjects do not", async (t) => {
  const { proxy, app } = await startWithoutApp(t, "ack");
  const agent = (name: string, n: number) =>
    JSON.stringify({ type: "AgentStatus", body: { agentName: name, State: "CALLING", taskId: "t", n } });
  let finish: () => void = () => undefined;
  app.reply = ({ body }, response) => {
    if (body.toString() === agent("a", 1)) finish = () => response.end("{}");
    else response.end("{}");
  };
  await send(proxy.localUrl, agent("a", 1));
  await app.start();
  await app.received(1);
  await send(proxy.localUrl, agent("a", 2));
  await send(proxy.localUrl, agent("b", 3));
  await app.received(2);
  finish();
  await app.received(3);
  assert.deepEqual(
    app.requests.map(({ body }) => JSON.parse(body.toString()).body.n),
    [1, 3, 2],
  );
});

test("a slow app: Airudder gets 200 in time, and the delivery continues and is marked late", async (t) => {
  const { proxy, app, events } = await startProxy(t, {
    timeouts: { responseMs: 100, holdMs: 50 },
    healthCheckIntervals,
  });
  let finish: () => void = () => undefined;
  app.reply = (_, response) => {
    finish = () => response.writeHead(500).end("late");
  };
  const { status, text } = await send(proxy.localUrl, "{}");
  assert.deepEqual([status, text], [200, "{}"]);
  finish();
  await until(() => events.some(({ event }) => event === "delivery"));
  const delivery = events.find(({ event }) => event === "delivery");
  assert.equal(delivery?.event === "delivery" && delivery.late, true);
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  assert.equal(proxy.store.index.rows[0]?.deliveries[0]?.head.late, true);
  assert.equal(proxy.store.index.rows[0]?.deliveries[0]?.head.status, 500);
});

test("a sender that disconnects does not end the delivery", async (t) => {
  const { proxy, app } = await startProxy(t);
  let finish: () => void = () => undefined;
  app.reply = (_, response) => {
    finish = () => response.end("{}");
  };
  const stop = new AbortController();
  const disconnected = fetch(proxy.localUrl, { method: "POST", body: "{}", signal: stop.signal }).catch(
    () => undefined,
  );
  await app.received(1);
  stop.abort();
  await disconnected;
  finish();
  await until(() => proxy.store.index.rows[0]?.deliveries[0]?.head.status === 200);
});

test("an acknowledged push whose response the app breaks off is given up after three attempts", async (t) => {
  const { proxy, app, events } = await startWithoutApp(t, "ack");
  app.reply = ({ body }, response) => {
    if (body.toString() === "poison") response.socket?.destroy();
    else response.end("{}");
  };
  assert.equal((await send(proxy.localUrl, "poison")).status, 200);
  await app.start();
  await until(() => events.some((event) => event.event === "note" && event.code === "given_up"));
  assert.equal(app.requests.length, 3);
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  const [row] = proxy.store.index.rows as [Row];
  await until(() => statusOf(row) === "undelivered");
});

/** The app does not respond to the first push. `acknowledging` runs before its acknowledgement is recorded. */
async function startWithHeldPush(
  t: Parameters<typeof startProxy>[0],
  acknowledging: (breakResponse: () => void) => unknown,
) {
  const started = await startProxy(t, { timeouts: { responseMs: 100, holdMs: 50 }, healthCheckIntervals });
  const { app, proxy } = started;
  let breakResponse: () => void = () => undefined;
  let isHeld = false;
  app.reply = (_, response) => {
    if (app.requests.length > 1) response.end("{}");
    else {
      breakResponse = () => response.socket?.destroy();
      isHeld = true;
    }
  };
  const record = proxy.store.record.bind(proxy.store);
  proxy.store.record = async (head, content) => {
    if (head.kind === "mark" && head.state === "acknowledged") {
      await until(() => isHeld);
      await acknowledging(() => breakResponse());
    }
    return record(head, content);
  };
  return { ...started, breakResponse: () => breakResponse() };
}

test("a push whose response the app breaks off during its acknowledgement is sent again", async (t) => {
  const { proxy, app } = await startWithHeldPush(t, async (breakResponse) => {
    breakResponse();
    await until(() => app.requests.length === 2 || proxy.store.index.rows[0]?.mark !== undefined);
  });
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  await until(() => proxy.store.index.rows[0]?.deliveries.length === app.requests.length);
  assert.equal(app.requests.length, 2);
  assert.equal(proxy.store.index.rows[0]?.mark?.state, "acknowledged");
});

test("a push that could not be acknowledged, and whose response the app breaks off, is not sent again: its sender retries", async (t) => {
  const { proxy, app, breakResponse } = await startWithHeldPush(t, () => Promise.reject(new Error("disk full")));
  assert.equal((await send(proxy.localUrl, "{}")).status, 503);
  breakResponse();
  await until(() => proxy.store.index.rows[0]?.mark?.state === "given_up" || app.requests.length > 1);
  assert.equal(app.requests.length, 1);
});

test("hold: a push whose app stops meanwhile waits for it, and each attempt is recorded", async (t) => {
  const { proxy, app } = await startProxy(t, { healthCheckIntervals });
  app.reply = () => void app.stop();
  const reply = send(proxy.localUrl, "{}");
  await until(() => !proxy.appIsUp);
  app.reply = (_, response) => void response.end("{}");
  await app.start();
  assert.equal((await reply).status, 200);
  await until(() => proxy.store.index.rows[0]?.deliveries.length === app.requests.length);
  assert.equal(app.requests.length, 2);
});

const brokenResponses: Record<string, (socket: import("node:net").Socket) => void> = {
  "a response that is not HTTP": (socket) => socket.end("HELLO\r\n\r\n"),
  "an incomplete response": (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
  "no response": (socket) => socket.destroy(),
};

for (const [name, respond] of Object.entries(brokenResponses)) {
  for (const whenDown of ["hold", "ack", "fail"] as const) {
    test(`${whenDown}: ${name} gives 502 and an undelivered push, and does not mean that the app is down`, async (t) => {
      const { proxy, app, events } = await startProxy(t, { whenDown, healthCheckIntervals });
      app.reply = (_, response) => {
        if (response.socket) respond(response.socket);
      };
      const { status, text } = await send(proxy.localUrl, "{}");
      assert.equal(status, 502);
      assert.equal(JSON.parse(text).error.code, "answer_broken");
      const [row] = proxy.store.index.rows as [Row];
      await until(() => row.deliveries.length === 1 && row.mark !== undefined);
      assert.equal(row.deliveries[0]?.head.status, undefined);
      assert.ok(row.deliveries[0]?.head.error);
      assert.equal(statusOf(row), "undelivered");
      assert.equal(app.requests.length, 1);
      assert.deepEqual(
        events.filter(({ event }) => event === "note"),
        [],
      );
    });
  }
}

test("an app that restarts between two pushes receives the second one once", async (t) => {
  const { proxy, app } = await startProxy(t, { healthCheckIntervals });
  for (let round = 0; round < 5; round++) {
    assert.equal((await send(proxy.localUrl, `{"n":${round}}`)).status, 200);
    await app.stop();
    await app.start();
  }
  assert.deepEqual(
    app.requests.map(({ body }) => body.toString()),
    [0, 1, 2, 3, 4].map((n) => `{"n":${n}}`),
  );
});

test("a push whose keep-alive connection the app closes is sent once and gets 502", async (t) => {
  const { proxy, app } = await startProxy(t, { whenDown: "fail", healthCheckIntervals });
  const used = new WeakSet<object>();
  app.reply = (_, response) => {
    const socket = response.socket as import("node:net").Socket;
    if (used.has(socket)) socket.destroy();
    else response.end("{}");
    used.add(socket);
  };
  const statuses: number[] = [];
  for (const n of [1, 2, 3]) statuses.push((await send(proxy.localUrl, `{"n":${n}}`)).status);
  assert.deepEqual(statuses, [200, 502, 200]);
  assert.equal(app.requests.length, 3);
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
});

test("an idle connection is closed before the app closes it", async (t) => {
  const { proxy, app } = await startProxy(t, { healthCheckIntervals });
  const sockets = new Set<import("node:net").Socket>();
  app.reply = (_, response) => {
    sockets.add(response.socket as import("node:net").Socket);
    response.end("{}");
  };
  await send(proxy.localUrl, "{}");
  await until(() => [...sockets].every(({ readableEnded, destroyed }) => readableEnded || destroyed));
});

test("204 is passed on, and a note says once that only 200 counts as success", async (t) => {
  const { proxy, app, events } = await startProxy(t, { healthCheckIntervals });
  app.reply = (_, response) => void response.writeHead(204).end();
  for (const n of [1, 2]) assert.equal((await send(proxy.localUrl, `{"n":${n}}`)).status, 204);
  const notes = events.filter((event) => event.event === "note" && event.code === "not_200");
  assert.equal(notes.length, 1);
});

/** Notes and deliveries, in the order in which they were reported. */
const reported = (events: DevproxyEvent[]) =>
  events.flatMap((event) => {
    if (event.event === "note") return event.code === "slow" || event.code === "given_up" ? [event.code] : [];
    return event.event === "delivery" && event.cause === "queued" ? [event.error ?? String(event.status)] : [];
  });

test("a queued push without a response is reported as slow, each of its 3 deliveries ends at the limit, then it is given up", async (t) => {
  const timeouts = { responseMs: 50, holdMs: 50, queuedMs: 400 };
  const { proxy, app, events } = await startWithoutApp(t, "ack", timeouts);
  const agent = (n: number) => JSON.stringify({ type: "AgentStatus", body: { agentName: "a", taskId: "t", n } });
  app.reply = ({ body }, response) => {
    if (body.toString() === agent(2)) response.end("{}");
  };
  for (const n of [1, 2]) await send(proxy.localUrl, agent(n));
  await app.start();
  await until(() => proxy.store.index.rows[1]?.deliveries.at(-1)?.head.status === 200);
  const { host } = new URL(app.url);
  const ended = `no response within 0.4 s (${host})`;
  assert.deepEqual(reported(events), ["slow", ended, "slow", ended, "slow", ended, "given_up", "200"]);
  assert.deepEqual(
    app.requests.map(({ body }) => JSON.parse(body.toString()).body.n),
    [1, 1, 1, 2],
  );
  assert.equal(proxy.appIsUp, true);
  const [row] = proxy.store.index.rows as [Row];
  assert.deepEqual(
    row.deliveries.slice(1).map(({ head }) => [head.cause, head.status, head.error]),
    Array(3).fill(["queued", undefined, ended]),
  );
  assert.ok(row.deliveries.slice(1).every(({ head }) => head.ms >= 350));
  assert.deepEqual([row.mark?.state, statusOf(row)], ["given_up", "undelivered"]);
  const slow = events.find((event) => event.event === "note" && event.code === "slow");
  assert.match(
    JSON.stringify(slow),
    /#1 has had no response from the app for \d+ s\. Later pushes of its subject wait/,
  );
});

test("a queued push that was reported as slow is settled by a response within the limit", async (t) => {
  const { proxy, app, events } = await startWithoutApp(t, "ack", { responseMs: 50, holdMs: 50 });
  let finish: () => void = () => undefined;
  app.reply = (_, response) => {
    finish = () => response.end("{}");
  };
  await send(proxy.localUrl, "{}");
  await app.start();
  await until(() => reported(events).length > 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  finish();
  await until(() => Number(proxy.store.index.rows[0]?.deliveries.length) > 1);
  assert.deepEqual(reported(events), ["slow", "200"]);
  const [row] = proxy.store.index.rows as [Row];
  assert.deepEqual([row.mark?.state, statusOf(row)], ["acknowledged", "accepted"]);
});
