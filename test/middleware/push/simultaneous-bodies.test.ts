import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { airudder } from "airudder-webhooks";
import { callCompleted, KEY } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

const body = gzipSync(JSON.stringify(callCompleted()));

function compressed(): Request {
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  return new Request("http://a.test/", { method: "POST", headers, body });
}

test("simultaneous compressed bodies are all inflated, however many there are", async (t) => {
  const receiver = airudder({ key: KEY, warnings: false });
  t.after(() => receiver.close());
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) void receiver.fetch(compressed()).then(({ status }) => statuses.push(status));
  await until(() => statuses.length >= 2);
  // Each later body is inflated after those that wait.
  for (let later = 0; later < 100 && statuses.length < 8; later++) await receiver.fetch(compressed());
  assert.deepEqual(statuses, Array(8).fill(200));
});
