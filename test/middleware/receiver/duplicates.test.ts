import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Duplicates, steadyNow } from "../../../middleware/src/receiver/duplicates.js";

const HOUR_MS = 3_600_000;

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

test("only a copy of the subject's last push is a duplicate, whatever comes in whatever order", () => {
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

test("a hundred thousand subjects: the latest 50,000 at least are known, no stranger is taken for one", () => {
  const duplicates = new Duplicates(HOUR_MS);
  const body = digest("same for all");
  for (let i = 0; i < 120_000; i++) duplicates.remember(`call.completed|task|${i}`, body);
  const known = Array.from({ length: 50_000 }, (_, i) => duplicates.find(`call.completed|task|${119_999 - i}`, body));
  assert.ok(known.filter(Boolean).length >= 49_990);
  for (let i = 200_000; i < 220_000; i++) assert.equal(duplicates.find(`call.completed|task|${i}`, body), false);
});

test("after the window a copy is a new push", () => {
  const duplicates = new Duplicates(1_000);
  duplicates.remember("a", digest("x"), steadyNow() - 999_999);
  assert.equal(duplicates.find("a", digest("x")), false);
});

test("a copy finds the push that is being kept; one that was not accepted is forgotten, and no other with it", () => {
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

test("of the pushes of an earlier process the one reported last counts, regardless of the clock; one that is being kept stays", () => {
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

test("A, B, A are three, though none is done yet", () => {
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
  test(`a push whose sender was told to send it again finds itself, ${isDone ? "done meanwhile" : "still under way"}, even if other pushes came in between`, () => {
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
