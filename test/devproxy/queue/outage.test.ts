import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Devproxy, DevproxyEvent } from "airudder-devproxy";
import { send, startProxy, until } from "../../helpers/devproxy.js";
import { type Recorded, RecorderApp } from "../../helpers/recorder-app.js";

const healthCheckIntervals = { up: 20, down: 20, waiting: 10 };
const bounded = { timeout: 20_000 };
const timeouts = { responseMs: 9_000, holdMs: 8_000 };

function agentPush(agent: number | string, n: number): string {
  return JSON.stringify({
    type: "AgentStatus",
    body: { agentName: `agent-${agent}`, State: "CALLING", taskId: "t", n },
  });
}

function bodyOf({ body }: Recorded): { agentName: string; n: number } {
  return JSON.parse(body.toString()).body;
}

/** The numbers of the pushes that the app received, by agent. */
function numbersByAgent(requests: readonly Recorded[]): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const { agentName, n } of requests.map(bodyOf)) numbers.set(agentName, [...(numbers.get(agentName) ?? []), n]);
  return numbers;
}

function assertOnceInOrder(requests: readonly Recorded[]): void {
  for (const [agent, numbers] of numbersByAgent(requests)) {
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
      agent,
    );
  }
}

function medianOf(times: readonly { ms: number }[]): number {
  return times.map(({ ms }) => ms).toSorted((a, b) => a - b)[times.length >> 1] as number;
}

/** A proxy whose app is down. No push waits yet. */
async function startDown(t: TestContext, whenDown: "hold" | "ack") {
  const app = await new RecorderApp().start();
  await app.stop();
  return startProxy(t, { app, whenDown, timeouts, healthCheckIntervals });
}

test(
  "after an outage under load, the response time falls to that of the app, and pushes arrive once and in order per subject",
  bounded,
  async (t) => {
    const app = await new RecorderApp(async (_, response) => {
      await pause(100);
      response.end("{}");
    }).start();
    const { proxy } = await startProxy(t, { app, timeouts, healthCheckIntervals });
    const times: { sentAt: number; ms: number }[] = [];
    const replies: Promise<unknown>[] = [];
    let n = 0;
    const timer = setInterval(() => {
      const sentAt = performance.now();
      const reply = send(proxy.localUrl, agentPush(n % 10, n++));
      replies.push(reply.then(() => times.push({ sentAt, ms: performance.now() - sentAt })));
    }, 50);
    t.after(() => clearInterval(timer));
    await pause(600);
    const usual = medianOf(times);
    await app.stop();
    await pause(2_000);
    await app.start();
    // 40 pushes wait, four per agent, and more arrive: the app needs a second for them.
    await pause(1_500);
    const from = performance.now();
    await pause(1_500);
    clearInterval(timer);
    await Promise.all(replies);
    const median = medianOf(times.filter(({ sentAt }) => sentAt >= from));
    assert.ok(median < 2 * usual + 40, `${median} ms, ${usual} ms before the outage`);
    await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
    const delivered = proxy.store.index.rows.map(({ deliveries }) =>
      deliveries.filter(({ head }) => head.status === 200),
    );
    assert.deepEqual(new Set(delivered.map(({ length }) => length)), new Set([1]));
    for (const [agent, numbers] of numbersByAgent(app.requests)) {
      // The app may have seen a push without responding: it was stopped.
      const once = [...new Set(numbers)];
      assert.deepEqual(
        once,
        once.toSorted((a, b) => a - b),
        agent,
      );
    }
  },
);

test(
  "waiting pushes of different subjects are sent in parallel, and those of one subject in sequence",
  bounded,
  async (t) => {
    const { proxy, app } = await startDown(t, "ack");
    for (let n = 0; n < 30; n++) await send(proxy.localUrl, agentPush(n % 10, n));
    const open: ServerResponse[] = [];
    const batches: number[] = [];
    app.reply = (_, response) => {
      open.push(response);
      // Responds only when one push of each subject has arrived.
      if (open.length < 10) return;
      batches.push(open.length);
      for (const one of open.splice(0)) one.end("{}");
    };
    await app.start();
    await app.received(30);
    assert.deepEqual(batches, [10, 10, 10]);
    assertOnceInOrder(app.requests);
  },
);

test("a new push waits only behind pushes of its own subject", bounded, async (t) => {
  const { proxy, app } = await startDown(t, "ack");
  for (let n = 0; n < 50; n++) await send(proxy.localUrl, agentPush(n, n));
  const held: ServerResponse[] = [];
  app.reply = (request, response) => {
    if (bodyOf(request).agentName === "agent-new") response.end('{"from":"app"}');
    else held.push(response);
  };
  await app.start();
  await until(() => held.length >= 16);
  assert.equal((await send(proxy.localUrl, agentPush("new", 50))).text, '{"from":"app"}');
  app.reply = (_, response) => void response.end("{}");
  for (const response of held) response.end("{}");
  await app.received(51);
  assertOnceInOrder(app.requests);
});

test(
  "an app that stops again while it receives the waiting pushes gets the rest after its next start, in order",
  bounded,
  async (t) => {
    const { proxy, app, events } = await startDown(t, "ack");
    for (let n = 0; n < 60; n++) await send(proxy.localUrl, agentPush(n % 20, n));
    for (let round = 0; round < 2; round++) {
      let count = 0;
      const stopped = new Promise<void>((resolve) => {
        app.reply = async (_, response) => {
          await pause(5);
          if (++count < 8) response.end("{}");
          else resolve(app.stop());
        };
      });
      await app.start();
      await stopped;
      await until(() => !proxy.appIsUp);
    }
    app.reply = (_, response) => void response.end("{}");
    await app.start();
    await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
    const succeeded = proxy.store.index.rows.map(({ deliveries }) =>
      deliveries.filter(({ head }) => head.status === 200),
    );
    assert.deepEqual(new Set(succeeded.map(({ length }) => length)), new Set([1]));
    for (const numbers of numbersByAgent(app.requests).values()) {
      const once = [...new Set(numbers)];
      assert.deepEqual(
        once,
        once.toSorted((a, b) => a - b),
      );
    }
    assert.deepEqual(givenUp(events), []);
  },
);

test("only the push that ends the app each time is given up; the other pushes are delivered", bounded, async (t) => {
  const { proxy, app, events } = await startDown(t, "ack");
  for (let n = 0; n < 12; n++) await send(proxy.localUrl, agentPush(n, n));
  let crashes = 0;
  app.reply = async (request, response) => {
    if (bodyOf(request).n === 5) {
      crashes++;
      await app.stop();
      await until(() => !proxy.appIsUp);
      await app.start();
    } else {
      await pause(50);
      response.end("{}");
    }
  };
  await app.start();
  await until(() => givenUp(events).length > 0);
  await until(() => {
    const others = proxy.store.index.rows.filter(({ push }) => push.seq !== 6);
    return others.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200);
  });
  assert.equal(crashes, 3);
  assert.equal(givenUp(events).length, 1);
  assert.match(givenUp(events)[0] ?? "", /^#6 /);
});

test("a subject without a response does not hold up the others", bounded, async (t) => {
  const app = await new RecorderApp().start();
  await app.stop();
  const { proxy } = await startProxy(t, {
    app,
    whenDown: "ack",
    timeouts: { responseMs: 500, holdMs: 300 },
    healthCheckIntervals,
  });
  for (let n = 0; n < 40; n++) await send(proxy.localUrl, agentPush(n, n));
  app.reply = (request, response) => {
    if (bodyOf(request).n >= 20) response.end("{}");
  };
  await app.start();
  await app.received(40);
  await until(() => proxy.store.index.rows.slice(20).every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
});

test("a replay of waiting pushes sends each of them once", bounded, async (t) => {
  for (const delay of [0, 5]) {
    await t.test(`the replay starts ${delay} ms after the app`, async (t) => {
      const { proxy, app } = await startDown(t, "ack");
      for (let n = 0; n < 18; n++) await send(proxy.localUrl, agentPush(n % 6, n));
      app.reply = async (_, response) => {
        await pause(20);
        response.end("{}");
      };
      await app.start();
      await pause(delay);
      const { summary, notes } = await replayUndelivered(proxy);
      await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
      assert.equal(app.requests.length, 18);
      assertOnceInOrder(app.requests);
      assert.equal(summary.interrupted, undefined);
      assert.equal(notes.length > 0, (summary.skipped ?? 0) > 0);
      const replayed = app.requests.filter(({ headers }) => headers["airudder-replay"] !== undefined);
      assert.equal(replayed.length, summary.total);
    });
  }
});

test("the queue sends only the pushes that a replay could not deliver", bounded, async (t) => {
  const app = await new RecorderApp().start();
  await app.stop();
  // The replay starts before the proxy detects that the app is up.
  const slow = { up: 20, down: 400, waiting: 400 };
  const { proxy } = await startProxy(t, { app, whenDown: "ack", timeouts, healthCheckIntervals: slow });
  for (let n = 0; n < 4; n++) await send(proxy.localUrl, agentPush(n, n));
  const refused = await proxy.replay({ ids: ["1..4"] });
  assert.equal(refused.total, 4);
  await app.start();
  const { summary } = await replayUndelivered(proxy, ["#2"]);
  assert.equal(summary.total, 1);
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.at(-1)?.head.status === 200));
  assert.equal(app.requests.length, 4);
  assert.deepEqual(
    app.requests.flatMap(({ headers, body }) =>
      headers["airudder-replay"] ? [JSON.parse(body.toString()).body.n] : [],
    ),
    [1],
  );
});

test("an edited replay of a waiting push does not replace its delivery", bounded, async (t) => {
  const { proxy, app } = await startDown(t, "ack");
  await send(proxy.localUrl, agentPush(1, 1));
  await app.start();
  await proxy.replay({ ids: ["#1"], set: ["body.n=7"] });
  await app.received(2);
  assert.deepEqual(app.requests.map((request) => bodyOf(request).n).toSorted(), [1, 7]);
});

/** Replays all undelivered pushes, or those with the ids. */
async function replayUndelivered(proxy: Devproxy, ids?: string[]) {
  const notes: unknown[] = [];
  const request = ids ? { ids } : { filters: { status: "undelivered" } };
  const summary = await proxy.replay(request, (event) => event.event === "note" && notes.push(event));
  return { summary, notes };
}

function givenUp(events: readonly DevproxyEvent[]): string[] {
  return events.flatMap((event) => (event.event === "note" && event.code === "given_up" ? [event.message] : []));
}
