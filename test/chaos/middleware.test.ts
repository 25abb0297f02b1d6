import assert from "node:assert/strict";
import { test } from "node:test";
import { crash } from "../../scripts/chaos/middleware.js";
import { failuresOf, soak } from "../../scripts/chaos/soak.js";

test("an app that is killed again and again loses no push", async () => {
  const { kills, acknowledged, sent, failures } = await crash(4);
  assert.equal(kills, 4);
  assert.ok(acknowledged > 0);
  assert.equal(acknowledged, sent);
  assert.deepEqual(failures, []);
});

test("memory and inbox do not grow, and close() releases all resources", async () => {
  const report = await soak({ early: 5_000, pushes: 15_000 });
  assert.ok(report.pushes >= 15_000);
  assert.deepEqual(failuresOf(report), []);
});
