import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Attempt,
  type AttemptResult,
  Attempts,
  AttemptTimeout,
  type Consumer,
  type InboxEvents,
  Quarantined,
  retryDelayMs,
} from "airudder-webhooks/inbox";
import fc from "fast-check";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";

const LIMITS = { retries: 2, timeoutMs: 20, retryMs: 100, maxRetryMs: 150 };
const never = (): Promise<never> => new Promise(() => undefined);
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function make(consumer: Consumer, events: Partial<InboxEvents> = {}) {
  const log: string[] = [];
  const attempts = new Attempts(
    consumer,
    {
      ...noEvents,
      failed: (_, number, __, delayMs) => void log.push(`failed ${number} ${delayMs >= 50 && delayMs <= 150}`),
      dead: (_, number) => void log.push(`dead ${number}`),
      ...events,
    },
    LIMITS,
  );
  const run = (number: number, push = storedPush()): AttemptResult | Promise<AttemptResult> =>
    attempts.run(push, { number }, (result) => {
      log.push(`record ${result.state}`);
      return result;
    });
  return { attempts, run, log };
}

for (const [what, wrap] of [
  ["synchronous", (run: () => unknown) => run()],
  ["asynchronous", async (run: () => unknown) => run()],
] as const) {
  const fail = (): never => {
    throw new Error("broken");
  };
  const quarantine = (): never => {
    throw new Quarantined();
  };
  const cases: [string, Consumer, number, string[]][] = [
    ["that succeeds is handled", () => wrap(() => undefined), 1, ["record handled"]],
    ["without a handler is ignored", () => wrap(() => "ignored"), 1, ["record ignored"]],
    ["that fails is retried", () => wrap(fail), 1, ["record failed", "failed 1 true"]],
    ["that fails after all retries is dead", () => wrap(fail), 3, ["record dead", "dead 3"]],
    ["of a quarantined push is not retried, and fires no event", () => wrap(quarantine), 1, ["record quarantined"]],
  ];
  for (const [outcome, consumer, number, expected] of cases) {
    test(`a ${what} attempt ${outcome}; the result is recorded before its event`, async () => {
      const { run, log } = make(consumer);
      const result = run(number);
      assert.equal(result instanceof Promise, what === "asynchronous");
      await result;
      assert.deepEqual(log, expected);
    });
  }
}

test("an attempt that reaches its time limit has failed, its signal is aborted, and its late result is ignored", async () => {
  let attempt: Attempt | undefined;
  const { run, log } = make((_, given) => {
    attempt = given;
    return later(60);
  });
  const result = await run(1);
  assert.ok(result.state === "failed" && result.error instanceof AttemptTimeout);
  assert.match(result.message, /did not end within 20 ms/);
  assert.deepEqual([attempt?.isAborted, attempt?.signal.aborted], [true, true]);
  await later(80);
  assert.deepEqual(log, ["record failed", "failed 1 true"]);
});

test("waiting for a handler does not count towards the time limit, and the attempt runs once", async () => {
  let runs = 0;
  const { run } = make(() => void runs++, { waitForHandler: () => later(60) });
  assert.equal((await run(1)).state, "handled");
  assert.equal(runs, 1);
});

test("abort() ends running and waiting attempts as aborted, returns their pushes, and fires no event", async () => {
  const replay = storedPush({ replay: "p1" });
  const running = storedPush();
  const waiting = storedPush({ type: "dialer.task" });
  const { attempts, run, log } = make(never, {
    waitForHandler: ({ type }) => (type === "dialer.task" ? never() : undefined),
  });
  const results = [run(1, running), run(3, waiting)];
  const replaying = assert.rejects(attempts.replay(replay), { code: "busy" });
  assert.deepEqual(attempts.abort(), [running, waiting]);
  await Promise.all([...results, replaying]);
  assert.deepEqual(log, ["record aborted", "record aborted"]);
  assert.deepEqual(attempts.abort(), []);
});

test("a replay has one attempt: it resolves with its result or rejects with its error, and fires no event", async () => {
  const error = new Error("broken");
  const consumer: Consumer = ({ body }) => {
    if (body.length === 0) throw error;
    return "ignored";
  };
  const { attempts, log } = make(consumer);
  assert.equal(await attempts.replay(storedPush({ replay: "p1" })), "ignored");
  await assert.rejects(attempts.replay(storedPush({ replay: "p1", body: Buffer.alloc(0) })), error);
  assert.deepEqual(log, []);
});

test("delays double up to the maximum, and jitter shortens each by at most half", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (retryMs, attempt, random) => {
        const whole = Math.min(60_000, retryMs * 2 ** (attempt - 1));
        const delay = retryDelayMs(attempt, { retryMs, maxRetryMs: 60_000 }, () => random);
        assert.ok(delay >= Math.floor(whole / 2) && delay <= whole);
      },
    ),
  );
});
