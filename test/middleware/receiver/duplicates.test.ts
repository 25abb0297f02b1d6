import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Duplicates, steadyNow } from "../../../middleware/src/receiver/duplicates.js";

const HOUR_MS = 3_600_000;

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

test("only a push identical to the subject's last push is a duplicate, in any order", () => {
  const push = fc.record({ subject: fc.constantFrom("a", "b", "agent|1", "агент"), body: fc.constantFrom("x", "y") });
  fc.assert(
    fc.property(fc.array(push), (pushes) => {
      const duplicates = new Duplicates(HOUR_MS);
      const last = new Map<string, string>();
      for (const { subject, body } of pushes) {
        assert.equal(duplicates.find(subject, digest(body)), last.get(subject) === body);
        duplicates.remember(subject, digest(body));
        last.set(subject, body);
      }
    }),
  );
});

test("of 100,000 subjects at least the latest 50,000 are remembered, and no new push is a duplicate", () => {
  const duplicates = new Duplicates(HOUR_MS);
  const body = digest("same for all");
  for (let i = 0; i < 120_000; i++) duplicates.remember(`call.completed|task|${i}`, body);
  const known = Array.from({ length: 50_000 }, (_, i) => duplicates.find(`call.completed|task|${119_999 - i}`, body));
  assert.ok(known.filter(Boolean).length >= 49_990);
  for (let i = 200_000; i < 220_000; i++) assert.equal(duplicates.find(`call.completed|task|${i}`, body), false);
});

test("after the window an identical push is not a duplicate", () => {
  const duplicates = new Duplicates(1_000);
  duplicates.remember("a", digest("x"), steadyNow() - 999_999);
  assert.equal(duplicates.find("a", digest("x")), false);
});

test("find() returns the pending push for a duplicate; only rejected pushes are forgotten", () => {
  const duplicates = new Duplicates(HOUR_MS);
  const kept = Promise.resolve();
  const first = duplicates.begin("a", digest("x"), kept);
  assert.equal(duplicates.find("a", digest("x")), first);
  const second = duplicates.begin("a", digest("y"), kept);
  assert.equal(duplicates.find("a", digest("x")), false);
  duplicates.settle(first, false);
  assert.equal(duplicates.find("a", digest("y")), second);
  duplicates.settle(second, true);
  assert.equal(duplicates.find("a", digest("y")), true);
  duplicates.settle(duplicates.begin("a", digest("z"), kept), false);
  assert.equal(duplicates.find("a", digest("z")), false);
  assert.equal(duplicates.find("a", digest("y")), true);
});

test("of recovered pushes the last reported one counts, regardless of the clock; a pending push stays", () => {
  const duplicates = new Duplicates(HOUR_MS);
  const now = Date.now();
  duplicates.recover("a", digest("first"), now + 5_000);
  duplicates.recover("a", digest("last"), now - 1);
  assert.equal(duplicates.find("a", digest("last")), true);
  const kept = duplicates.begin("a", digest("live"), Promise.resolve());
  duplicates.recover("a", digest("last"), now + 1_000);
  assert.equal(duplicates.find("a", digest("live")), kept);
  duplicates.settle(kept, true);
  assert.equal(duplicates.find("a", digest("live")), true);
});

test("A, B, A are three pushes, even while all are pending", () => {
  const duplicates = new Duplicates(HOUR_MS);
  const kept = Promise.resolve();
  const [a, b] = [duplicates.begin("s", digest("a"), kept), duplicates.begin("s", digest("b"), kept)];
  assert.equal(duplicates.find("s", digest("a")), false);
  duplicates.settle(b, true);
  duplicates.settle(a, true);
  assert.equal(duplicates.find("s", digest("b")), true);
  assert.equal(duplicates.find("s", digest("a")), false);
});

for (const isDone of [false, true]) {
  test(`the retry of a push with the response 503 is a duplicate, ${isDone ? "of the accepted push" : "of the pending push"}, even if other pushes arrived in between`, () => {
    const duplicates = new Duplicates(HOUR_MS);
    const kept = Promise.resolve();
    const a = duplicates.begin("s", digest("a"), kept);
    a.isLate = true; // the only request that waited for it got 503
    const b = duplicates.begin("s", digest("b"), kept);
    duplicates.settle(b, true);
    if (isDone) duplicates.settle(a, true);
    assert.equal(duplicates.find("s", digest("a")), isDone ? true : a);
    if (!isDone) duplicates.settle(a, false);
    assert.equal(duplicates.find("s", digest("b")), true);
    assert.equal(duplicates.find("s", digest("a")), false);
  });
}
