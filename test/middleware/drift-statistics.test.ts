import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { samplePush } from "airudder-webhooks/testing";
import { KEY, webRequest } from "../helpers/push.js";

test("stats() counts a drifted field of a list once per path, whatever its index", async (t) => {
  const receiver = airudder({ key: KEY, warnings: false });
  t.after(() => receiver.close());
  const added = { NewField: 1 } as object;
  const lists = [[added], [{}, added], [{}, {}, { AsrResult: [{}, added] }]];
  for (const Details of lists) {
    const payload = samplePush("call.completed", { Details }, { key: KEY });
    assert.equal((await receiver.fetch(webRequest(payload))).status, 200);
  }
  assert.deepEqual(receiver.stats().drift, {
    "call.completed /Details/*/NewField unknown_field": 2,
    "call.completed /Details/*/AsrResult/*/NewField unknown_field": 1,
  });
});
