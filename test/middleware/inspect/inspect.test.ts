import assert from "node:assert/strict";
import { test } from "node:test";
import { describePush, parsePointer, pointerStep, readAt, validatePush } from "airudder-webhooks/inspect";

test("a name that is written as a step of a JSON pointer is read back unchanged", () => {
  for (const name of ["a", "", "a/b", "~", "~1", "~01", "/~"]) {
    assert.deepEqual(parsePointer(`/x${pointerStep(name)}`), ["x", name]);
    assert.equal(readAt({ x: { [name]: 1 } }, parsePointer(`/x${pointerStep(name)}`)), 1);
  }
  assert.deepEqual(parsePointer(""), []);
  assert.equal(readAt({}, ["constructor"]), undefined);
});

test("the recorded type decides which schema a body is compared with, unless it has none", () => {
  const body = Buffer.from('{"pds":{"type":"TaskStatus","body":{}}}');
  for (const describe of [describePush, validatePush]) {
    assert.equal(describe(body, {}, { type: "call.completed" }).type, "call.completed");
    for (const type of ["unknown", "unparsable", "no.such.type"]) {
      assert.equal(describe(body, {}, { type }).type, "dialer.task");
    }
  }
});
