import assert from "node:assert/strict";
import { test } from "node:test";
import { verifySign } from "airudder-webhooks";
import { catalogue, parsePointer, readAt } from "airudder-webhooks/inspect";
import { renewIds, samplePush, signedRequest } from "airudder-webhooks/testing";
import fc from "fast-check";

for (const { name, type, form, strict, keys, subject } of catalogue) {
  test(`renewIds: ${name} gets new ids, and nothing else changes`, () => {
    const payload = samplePush(type, {}, form === undefined ? {} : { form }) as Record<string, unknown>;
    const before = structuredClone(payload);
    const renewed = renewIds(payload, type);
    assert.deepEqual(payload, before);
    assert.ok(strict(renewed));
    const at = (value: unknown, pointer: string | undefined) => pointer && readAt(value, parsePointer(pointer));
    for (const key of ["task", "call", "case"] as const) {
      // The sample of an Info Check has no calls, because its body is not known.
      if (at(payload, keys[key]) !== undefined) assert.notEqual(at(renewed, keys[key]), at(payload, keys[key]), key);
    }
    for (const key of ["node", "agent", "phone"] as const)
      assert.equal(at(renewed, keys[key]), at(payload, keys[key]), key);
    const isSubjectNew = subject.flat().some((pointer) => at(renewed, pointer) !== at(payload, pointer));
    assert.equal(isSubjectNew, subject.length > 0);
    assert.deepEqual(renewIds(payload, type, { seed: 3 }), renewIds(payload, type, { seed: 3 }));
    assert.equal(JSON.stringify(Object.keys(renewed)), JSON.stringify(Object.keys(payload)));
  });

  test(`samplePush: 2,000 pushes of ${name} have different ids`, { skip: subject.length === 0 }, () => {
    const options = form === undefined ? {} : { form };
    const seen = new Set(Array.from({ length: 2_000 }, () => JSON.stringify(samplePush(type, {}, options))));
    assert.equal(seen.size, 2_000);
  });
}

test("renewIds: every call of a list gets new ids", () => {
  const payload = samplePush("call.completed", { Details: [{}, {}, {}] });
  const { Details } = renewIds(payload);
  assert.equal(new Set([...Details, ...payload.Details].map(({ CallID }) => CallID)).size, 6);
  assert.equal(new Set([...Details, ...payload.Details].map(({ id }) => id)).size, 6);
});

test("renewIds: ids keep their form", () => {
  const forms: [id: string, form: RegExp][] = [
    ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", /^[0-9a-f]{32}$/],
    ["0F1E2D3C4B5A69788796A5B4C3D2E1F0", /^[0-9A-F]{32}$/],
    ["9c1d7e20-a4b8-4f6d-8e33-01f2aa55c7b1", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    ["case-1", /^case-\d{10}$/],
    ["900001.0", /^\d{10}\.0$/],
    ["00000000000000000001", /^\d{20}$/],
    ["abc", /^abc-\d{10}$/],
  ];
  for (const [id, form] of forms) {
    const { TaskID } = renewIds({ TaskID: id, Sign: "x", Details: [] });
    assert.match(TaskID, form, id);
    assert.notEqual(TaskID, id);
  }
});

test("renewIds: never throws; a payload of an unknown shape and missing ids stay the same", () => {
  fc.assert(
    fc.property(
      fc.object(),
      fc.option(fc.constantFrom(...catalogue.map(({ type }) => type)), { nil: undefined }),
      (payload, type) => {
        renewIds(payload, type);
      },
    ),
    { numRuns: 300 },
  );
  assert.deepEqual(renewIds({ a: 1 }), { a: 1 });
  const broken = { TaskID: null, Sign: "", Details: [null, { CallID: "" }, 5] };
  assert.deepEqual(renewIds(broken), broken);
});

test("renewIds: signedRequest signs the copy", () => {
  const { body } = signedRequest(renewIds(samplePush("call.completed", {}, { key: "k" })), { key: "k" });
  assert.ok(verifySign(JSON.parse(body), "k"));
});
