import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcurrencyLimit } from "./internals.js";

test("more pushes are sent in parallel while response times stay close to the fastest one", () => {
  const limit = new ConcurrencyLimit();
  const first = limit.max;
  for (let n = 0; n < 1_000; n++) limit.update(100 + (n % 50), true);
  assert.deepEqual([first, limit.max], [16, 256]);
});

test("fewer pushes are sent in parallel if responses become slower, but never fewer than at first", () => {
  const limit = new ConcurrencyLimit();
  for (let n = 0; n < 100; n++) limit.update(10, true);
  const grown = limit.max;
  limit.update(200, true);
  assert.equal(limit.max, grown - 1);
  for (let n = 0; n < 1_000; n++) limit.update(200, true);
  assert.equal(limit.max, 16);
});

test("after a restart of the app, its response times are measured again", () => {
  const limit = new ConcurrencyLimit();
  limit.update(1, true);
  limit.reset();
  limit.update(500, true);
  assert.equal(limit.max, 17);
});
