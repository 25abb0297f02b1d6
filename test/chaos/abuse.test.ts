import assert from "node:assert/strict";
import { test } from "node:test";
import { abuse } from "../../scripts/chaos/abuse.js";
import { diskChaos } from "../../scripts/chaos/disk.js";

test("attacks get only allowed responses, and valid pushes are accepted meanwhile", async () => {
  assert.deepEqual(await abuse(0.02), []);
});

test("a disk that is full or read-only: nothing is acknowledged that is not stored, and pushes are accepted again afterwards", async () => {
  assert.deepEqual(await diskChaos(), []);
});
