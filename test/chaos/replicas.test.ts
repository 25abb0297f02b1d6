import assert from "node:assert/strict";
import { test } from "node:test";
import { check, type Evidence, type PushOfCall, type Run } from "../../scripts/chaos/replicas/check.js";
import type { Sent } from "../../scripts/chaos/replicas/load.js";
import type { PlannedCall } from "../../scripts/chaos/replicas/plan.js";
import { failuresOf, replicas } from "../../scripts/chaos/replicas.js";
import { postgresTest } from "../helpers/postgres.js";
import { redisTest } from "../helpers/redis.js";

const SHORT = { pushes: 400, maxRunMs: 700, leaseMs: 1_500 };

postgresTest("Postgres: replicas that are killed lose no push, and each effect happens once and in order", async () => {
  assert.deepEqual(failuresOf(await replicas("postgres", SHORT)), []);
});

redisTest("BullMQ: replicas that are killed lose no push", async () => {
  assert.deepEqual(failuresOf(await replicas("bullmq", SHORT)), []);
});

const states = [0, 1, 0, 2];
const plan: PlannedCall[] = [{ call: "call", pushes: states.map((state) => ({ state, isTwice: false })) }];
const pushes = states.map((state, i): PushOfCall => ({ push: `push-${i}`, call: "call", state }));
const runs = pushes.map(
  (push, i): Run => ({
    ...push,
    attempt: 1,
    process: "working",
    beganAt: BigInt(i * 10),
    endedAt: BigInt(i * 10 + 5),
    result: "done",
  }),
);
const sent: Sent = { requests: 4, acknowledged: 4, givenUp: [], unknown: new Set(), statuses: { 200: 4 } };
const evidence: Evidence = { runs, stored: pushes, effects: runs, dead: 0, queued: 0 };
const [a, b, again, last] = runs as [Run, Run, Run, Run];
const copy: Run = { ...b, push: "copy" };

const failed = (changes: Partial<Evidence>, changesOfSent: Partial<Sent> = {}): string[] =>
  check(plan, { ...sent, ...changesOfSent }, { ...evidence, ...changes }, { isExactlyOnce: true, isOrdered: true })
    .filter(({ isMet }) => isMet === false)
    .map(({ what }) => what);

const faults: [string, Partial<Evidence>, string[]][] = [
  ["no fault", {}, []],
  [
    "an acknowledged push is not stored",
    { stored: [a, b, last], effects: [a, b, last] },
    ["acknowledged, not stored", "acknowledged, not handled", "calls whose effects are not in the order of sending"],
  ],
  [
    "a stored push has no effect",
    { effects: [a, b, again] },
    [
      "acknowledged, not handled",
      "stored, without effect",
      "calls whose effects are not in the order of sending",
      "calls whose effects are not in the order of storing",
    ],
  ],
  [
    "a copy is stored",
    { stored: [...pushes, copy], effects: [...runs, copy] },
    ["stored twice, although all responses were 200"],
  ],
  ["an effect happens twice", { effects: [...runs, a] }, ["effects more than once"]],
  ["an effect of a push that is not stored", { effects: [...runs, copy] }, ["effects of pushes that are not stored"]],
  [
    "two pushes change places",
    { effects: [b, a, again, last] },
    ["calls whose effects are not in the order of sending", "calls whose effects are not in the order of storing"],
  ],
  [
    "two handlers run at the same time",
    { runs: runs.map((run) => ({ ...run, endedAt: run.endedAt + 10n })) },
    ["effects of handlers that ran at the same time for one call"],
  ],
  ["a push is dead", { dead: 1 }, ["dead or quarantined"]],
  ["a push still waits", { queued: 1 }, ["still waiting"]],
];

for (const [fault, changes, expected] of faults) {
  test(`the checks of the drill detect: ${fault}`, () => {
    assert.deepEqual(failed(changes), expected);
  });
}

test("a handler without effect may run beside another one: its process has lost the lease", () => {
  assert.deepEqual(failed({ runs: [...runs, { ...a, beganAt: 1n, endedAt: 15n, result: "failed" }] }), []);
});

test("a push may be stored twice if the sender did not know whether it was stored", () => {
  const changes = { stored: [...pushes, copy], effects: [...runs, copy] };
  assert.deepEqual(failed(changes, { unknown: new Set(["call/1"]) }), []);
});
