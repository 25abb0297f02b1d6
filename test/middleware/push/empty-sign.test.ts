import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";

for (const [name, Sign] of [
  ["an empty Sign", ""],
  ["a null Sign", null],
] as const) {
  test(`${name} counts as missing: required, the push is rejected; optional, it is accepted unverified`, async (t) => {
    const payload = callCompleted({ Sign });
    const verified: boolean[] = [];
    const statuses: [string, number, unknown][] = [];
    for (const verify of ["required", "if-present"] as const) {
      const receiver = airudder({ key: KEY, verify, warnings: false });
      t.after(() => receiver.close());
      receiver.on("call.completed", (push) => verified.push(push.verified));
      const response = await receiver.fetch(webRequest(payload));
      const { error } = (await response.json()) as { error?: { code: string } };
      statuses.push([verify, response.status, error?.code]);
    }
    assert.deepEqual(statuses, [
      ["required", 401, "missing_sign"],
      ["if-present", 200, undefined],
    ]);
    assert.deepEqual(verified, [false]);
  });
}
