import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type AirudderEvent,
  type AirudderOptions,
  airudder,
  type FileInboxOptions,
  fileInbox,
  type Push,
} from "airudder-webhooks";
import { readJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { agentStatus, callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

const quick: FileInboxOptions = { retryMs: 1, maxRetryMs: 2 };

function start(t: TestContext, dir: string, options: FileInboxOptions = quick, more: AirudderOptions = {}) {
  const events: AirudderEvent[] = [];
  const receiver = airudder({
    key: KEY,
    inbox: fileInbox(dir, options),
    observe: (event) => events.push(event),
    ...more,
  });
  t.after(() => receiver.close({ timeoutMs: 100 }));
  const send = async (payload: unknown): Promise<number> => (await receiver.fetch(webRequest(payload))).status;
  return { receiver, send, events };
}

const segmentsOf = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith(".ndjson"));

test("the response is sent when the push is on disk, and before it is handled", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir);
  let finish = (): void => undefined;
  let raw = "";
  receiver.on("call.completed", (push) => {
    raw = push.raw.toString();
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  const body = JSON.stringify(callCompleted(), null, 1);
  assert.equal(await send(body), 200);
  const stored: string[] = [];
  await readJournal(dir, { onRecord: ({ head }) => stored.push(head.kind) });
  assert.deepEqual(stored, ["push"]);
  await until(() => raw === body);
  assert.equal(receiver.stats().inbox?.queued, 1);
  finish();
  await until(() => receiver.stats().inbox?.queued === 0);
});

test("the stored URL does not contain the token", async (t) => {
  const dir = makeFolder(t);
  const { receiver } = start(t, dir, quick, { token: "t0ken" });
  const request = new Request("http://a.test/hook?a=1&token=t0ken", {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  assert.equal((await receiver.fetch(request)).status, 200);
  await receiver.close();
  assert.doesNotMatch(readFileSync(join(dir, "000001.ndjson"), "utf8"), /t0ken/);
});

test("a failed push is retried with the next attempt number, and handled once", async (t) => {
  const { receiver, send, events } = start(t, makeFolder(t));
  const attempts: number[] = [];
  receiver.on("call.completed", ({ attempt }) => {
    attempts.push(attempt);
    if (attempt < 3) throw new Error("not yet");
  });
  assert.equal(await send(callCompleted()), 200);
  await until(() => receiver.stats().handled === 1);
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["accepted", "failed", "failed", "handled"],
  );
});

const failures: [string, () => unknown, RegExp][] = [
  [
    "throws",
    () => {
      throw new Error("broken");
    },
    /Error: broken/,
  ],
  ["rejects", () => Promise.reject(new TypeError("broken")), /TypeError: broken/],
  [
    "throws a value that is not an Error",
    () => {
      throw "text";
    },
    /text/,
  ],
  [
    "throws a value that cannot be converted to text",
    () => {
      throw Object.create(null);
    },
    /A value that cannot be shown as text was thrown/,
  ],
  [
    "rejects with an error whose message cannot be read",
    () =>
      Promise.reject(
        Object.defineProperty(new TypeError(), "message", { get: () => assert.fail("nobody may read this") }),
      ),
    /TypeError: A value that cannot be shown as text was thrown/,
  ],
  ["never ends", () => new Promise(() => {}), /AttemptTimeout: The handler did not end within 20 ms/],
];
for (const [what, handler, message] of failures) {
  test(`a handler that ${what} leaves a dead push that is listed and can be retried, also after a restart`, async (t) => {
    const dir = makeFolder(t);
    const options = { ...quick, retries: 2, timeoutMs: 20 };
    const first = start(t, dir, options);
    first.receiver.on("*", handler);
    await first.send(callCompleted());
    await until(() => first.receiver.stats().dead === 1);
    await first.receiver.close();

    const second = start(t, dir, options);
    let handled = 0;
    second.receiver.on("*", () => {
      handled++;
    });
    await second.receiver.ready();
    const [dead, ...others] = await second.receiver.dead();
    assert.equal(others.length, 0);
    assert.deepEqual([dead?.type, dead?.state, dead?.attempts], ["call.completed", "dead", 3]);
    assert.match(String(dead?.error), message);
    assert.equal(await second.receiver.retry("no such id"), false);
    assert.equal(await second.receiver.retry(String(dead?.id)), true);
    await until(() => handled === 1);
    assert.deepEqual(await second.receiver.dead(), []);
  });
}

test("the signal of an attempt that reaches its time limit is aborted", async (t) => {
  const { receiver, send } = start(t, makeFolder(t), { ...quick, retries: 0, timeoutMs: 10 });
  let aborted = false;
  receiver.on(
    "*",
    (_, { signal }) =>
      new Promise(() =>
        signal.addEventListener("abort", () => {
          aborted = true;
        }),
      ),
  );
  await send(callCompleted());
  await until(() => aborted);
});

test("a quarantined push is listed, and a retry passes it to its handlers once they exist", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  first.receiver.on("*", () => assert.fail("not for handlers that rely on it"));
  assert.equal(await first.send(callCompleted({ Details: 5 })), 200);
  await until(async () => (await first.receiver.dead()).length === 1);
  assert.equal((await first.receiver.dead())[0]?.state, "quarantined");
  await first.receiver.close();

  const second = start(t, dir);
  const seen: string[] = [];
  second.receiver.on("quarantined", ({ type }) => seen.push(type));
  await second.receiver.ready();
  const [kept] = await second.receiver.dead();
  assert.equal(await second.receiver.retry(String(kept?.id)), true);
  await until(() => seen.length === 1);
});

test("the next process handles the unfinished pushes, in order, and only those", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  first.receiver.on("call.completed", () => {});
  first.receiver.on("dialer.agent", () => new Promise(() => {}));
  await first.send(callCompleted());
  for (const State of ["CALLING", "RINGING", "ANSWERED"]) await first.send(agentStatus({ State }));
  await until(() => first.receiver.stats().handled === 1);
  await first.receiver.close({ timeoutMs: 1 });

  const second = start(t, dir);
  const seen: unknown[] = [];
  second.receiver.on("*", (push: Push) => {
    seen.push(push.type === "dialer.agent" && "pds" in push.payload && push.payload.pds.body.State);
  });
  await until(() => seen.length === 3);
  assert.deepEqual(seen, ["CALLING", "RINGING", "ANSWERED"]);
});

test("duplicates of a push that an earlier process stored are detected", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  await first.send(callCompleted());
  await first.receiver.close();
  const second = start(t, dir);
  await second.receiver.ready();
  await second.send(callCompleted());
  assert.equal(second.receiver.stats().duplicates, 1);
});

test("pushes of one subject are handled in order, also during retries; other subjects do not wait", async (t) => {
  const { receiver, send } = start(t, makeFolder(t));
  const seen: string[] = [];
  receiver.on("dialer.agent", async ({ payload, attempt }) => {
    if (!("pds" in payload)) return;
    const { agentName, State } = payload.pds.body;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    if (agentName === "slow" && State === "1" && attempt < 3) throw new Error("not yet");
    seen.push(`${agentName} ${State}`);
  });
  for (const State of ["1", "2", "3"])
    for (const agentName of ["slow", "other"]) await send(agentStatus({ agentName, State }));
  await until(() => seen.length === 6);
  for (const agent of ["slow", "other"]) {
    assert.deepEqual(
      seen.filter((line) => line.startsWith(agent)),
      ["1", "2", "3"].map((state) => `${agent} ${state}`),
    );
  }
});

test("10,000 interleaved pushes of 100 agents with random handler times never reorder", async (t) => {
  const { receiver, send } = start(t, makeFolder(t), { ...quick, concurrency: 32 });
  const last = new Map<unknown, number>();
  let handled = 0;
  let reordered = 0;
  receiver.on("dialer.agent", async ({ payload }) => {
    if (!("pds" in payload)) return;
    const { agentName, timestamp } = payload.pds.body;
    if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
    else if (Math.random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    if (Number(timestamp) !== (last.get(agentName) ?? -1) + 1) reordered++;
    last.set(agentName, Number(timestamp));
    handled++;
  });
  for (let round = 0; round < 100; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, agent) =>
        send(agentStatus({ agentName: `agent${agent}`, timestamp: String(round) })),
      ),
    );
  }
  await until(() => handled === 10_000, 60_000);
  assert.equal(reordered, 0);
});

test("segments whose pushes are all finished are removed; a dead push is rewritten", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir, { ...quick, retries: 0, segmentBytes: 20_000 });
  receiver.on("call.completed", ({ payload }) => {
    if (payload.TaskName === "dead") throw new Error("broken");
  });
  await send(callCompleted({ TaskName: "dead" }));
  for (let i = 0; i < 100; i++) await send(callCompleted({ TaskID: `task${i}` }));
  await until(() => receiver.stats().handled === 100 && segmentsOf(dir).length <= 4);
  assert.ok(!segmentsOf(dir).includes("000001.ndjson"));
  await receiver.close();
  const again = start(t, dir);
  let handled = 0;
  again.receiver.on("*", () => {
    handled++;
  });
  await again.receiver.ready();
  const dead = await again.receiver.dead();
  assert.deepEqual(
    dead.map(({ state, error }) => [state, error]),
    [["dead", "Error: broken"]],
  );
  await again.receiver.retry(String(dead[0]?.id));
  await until(() => handled === 1);
});

test("a second process on the folder responds 503 and names the owner, and uses the folder when the owner ends", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send, events } = start(t, dir);
  const owner = spawn(
    process.execPath,
    ["--import", "tsx", join(import.meta.dirname, "../../helpers/journal-writer.ts"), dir],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => owner.kill("SIGKILL"));
  await receiver.close();
  await once(owner.stdout, "data").catch(() => undefined);
  assert.equal(await send(callCompleted()), 503);
  void events;
  const second = start(t, dir);
  await assert.rejects(second.receiver.ready(), (error: Error) =>
    error.message.includes(`process ${owner.pid} on ${hostname()}`),
  );
  assert.equal(await second.send(callCompleted()), 503);
  assert.match(
    JSON.stringify(second.events),
    /"code":"inbox_unavailable".*"hint":"The journal .* is in use by process/,
  );
  owner.kill("SIGKILL");
  await once(owner, "close");
  await until(async () => (await second.send(callCompleted())) === 200, 5_000);
});

test("POSIX only: a removed folder is created again, and pushes acknowledged afterwards are in it", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const { receiver, send } = start(t, dir);
  receiver.on("*", () => undefined);
  await send(callCompleted());
  await until(() => receiver.stats().handled === 1);
  rmSync(dir, { recursive: true });
  assert.equal(await send(callCompleted({ TaskID: "after" })), 200);
  await receiver.close();
  assert.match(readFileSync(join(dir, segmentsOf(dir)[0] as string), "utf8"), /"task":"after"/);
});

test("POSIX only: while the folder cannot be created, no push is acknowledged; afterwards the inbox recovers", {
  skip: process.platform === "win32",
}, async (t) => {
  const file = join(makeFolder(t), "in-the-way");
  writeFileSync(file, "");
  const { send, events } = start(t, join(file, "inbox"));
  assert.equal(await send(callCompleted()), 503);
  assert.match(JSON.stringify(events), /inbox_unavailable.*cannot be written/);
  rmSync(file);
  await until(async () => (await send(callCompleted())) === 200, 5_000);
  chmodSync(file, 0o700);
});

test("close() waits for running handlers and releases the lock", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir);
  let done = false;
  receiver.on("*", async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    done = true;
  });
  await send(callCompleted());
  await until(() => receiver.stats().inbox?.queued === 1);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await receiver.close();
  assert.equal(done, true);
  assert.equal(await send(callCompleted({ TaskID: "late" })), 503);
  assert.ok(!readdirSync(dir).includes("lock"));
});

test("close() leaves no timer, handle or listener, even if a handler never ends", async (t) => {
  const before = process.getActiveResourcesInfo();
  const { receiver, send } = start(t, makeFolder(t));
  let running = false;
  receiver.on("*", () => {
    running = true;
    return new Promise(() => {});
  });
  await send(callCompleted());
  await until(() => running);
  await receiver.close({ timeoutMs: 10 });
  await new Promise((resolve) => setTimeout(resolve, 10));
  const left = process.getActiveResourcesInfo().filter((name) => !before.includes(name));
  assert.deepEqual(left, []);
});

const wrong: [unknown, object, RegExp][] = [
  ["", {}, /the folder must be a non-empty string/],
  ["a", { concurrency: 0 }, /option "concurrency" must be a whole number from 1 to 2147483647/],
  ["a", { retries: -1 }, /option "retries"/],
  ["a", { workers: 3 }, /unknown option "workers"\. Options: concurrency/],
];
for (const [dir, options, message] of wrong) {
  test(`fileInbox(${JSON.stringify(dir)}, ${JSON.stringify(options)}) is rejected`, () => {
    assert.throws(() => fileInbox(dir as string, options), message);
  });
}
