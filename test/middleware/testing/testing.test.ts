import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder, identify, parsePush, verifySign } from "airudder-webhooks";
import { catalogue } from "airudder-webhooks/inspect";
import { samplePush, signedRequest } from "airudder-webhooks/testing";

for (const { type, form, name, strict, identify: rules } of catalogue) {
  // A type without rules cannot be identified: only its mount states it.
  test(`samplePush: ${name} is valid, identified, and new each time`, () => {
    const options = form === undefined ? {} : { form };
    const payload = samplePush(type, {}, options);
    assert.ok(strict(payload));
    if (rules.length > 0) assert.equal(identify(payload), type);
    assert.deepEqual(samplePush(type, {}, { ...options, seed: 7 }), samplePush(type, {}, { ...options, seed: 7 }));
    if ("TaskID" in payload) assert.notEqual(payload.TaskID, (samplePush(type, {}, options) as typeof payload).TaskID);
  });
}

test("samplePush: merges overrides at any depth, and signs the result", () => {
  const payload = samplePush(
    "call.completed",
    { TaskID: "t", Details: [{ Status: "failed", RedailCall: undefined as never }] },
    { key: "k" },
  );
  assert.equal(payload.Details[0]?.Status, "failed");
  assert.equal(payload.Details[0]?.RobotID, "1001");
  assert.ok(!("RedailCall" in (payload.Details[0] as object)));
  assert.ok(verifySign(payload, "k"));
  assert.equal(samplePush("call.completed", { Sign: "wrong" }).Sign, "wrong");
  assert.deepEqual(samplePush("unknown", { a: 1 }), { a: 1 });
  assert.throws(
    () => samplePush("call.complete" as "unknown"),
    /unknown type "call\.complete"\. Types: call\.completed/,
  );
});

test("samplePush: a list has as many elements as the override, each merged over the sample's", () => {
  assert.deepEqual(samplePush("call.completed", { Details: [] }).Details, []);
  const [call] = samplePush("call.completed", { Details: [{ AsrResult: [] }] }).Details;
  assert.deepEqual(call?.AsrResult, []);
  assert.equal(call?.RobotID, "1001");
  const two = samplePush("call.completed", { Details: [{ CallID: "a" }, { CallID: "b" }] });
  assert.deepEqual(
    two.Details.map(({ CallID, RobotID }) => [CallID, RobotID]),
    [
      ["a", "1001"],
      ["b", "1001"],
    ],
  );
  const [turn, ...others] =
    samplePush("call.completed", { Details: [{ AsrResult: [{ text: "Hi" }] }] }).Details[0]?.AsrResult ?? [];
  assert.deepEqual([turn?.text, turn?.time, others], ["Hi", "00:00:00", []]);
});

test("samplePush: a value of an unknown vocabulary is marked", () => {
  assert.equal(samplePush("workflow.status").status, "<unknown vocabulary>");
  assert.equal(samplePush("workflow.status").actions[0]?.node_type, "<unknown vocabulary>");
  assert.equal(samplePush("workflow.list.completed").rows[0]?.node_type, "<unknown vocabulary>");
});

test("samplePush: overrides from JSON cannot pollute prototypes", () => {
  const payload = samplePush("unknown", JSON.parse('{"__proto__":{"polluted":1}}'));
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  assert.equal((payload as { polluted?: number }).polluted, undefined);
});

test("signedRequest: a request that the receiver accepts", async () => {
  const receiver = airudder({ key: "k" });
  const seen: string[] = [];
  receiver.on("call.completed", ({ payload }) => seen.push(payload.TaskName));
  const request = signedRequest(samplePush("call.completed", { TaskName: "mine" }), { key: "k" });
  assert.equal((await receiver.fetch(new Request("http://a.test/", request))).status, 200);
  assert.deepEqual(seen, ["mine"]);
  assert.equal(parsePush(Buffer.from(request.body), request.headers).type, "call.completed");
});

test("each call of a sample has a different id", () => {
  const { Details } = samplePush("call.completed", { Details: [{}, {}, { CallID: "given" }] });
  assert.equal(new Set(Details.map(({ CallID }) => CallID)).size, 3);
  assert.equal(Details[2]?.CallID, "given");
});
