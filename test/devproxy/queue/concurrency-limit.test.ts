import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcurrencyLimit } from "./internals.js";

test("more pushes are sent in parallel while the app responds as fast as at first", () => {
  const window = new ConcurrencyLimit();
  const first = window.size;
  for (let n = 0; n < 1_000; n++) window.update(100 + (n % 50), true);
  assert.deepEqual([first, window.size], [16, 256]);
});

test("fewer pushes are sent in parallel if responses become slower, but never fewer than at first", () => {
  const window = new ConcurrencyLimit();
  for (let n = 0; n < 100; n++) window.update(10, true);
  const grown = window.size;
  window.update(200, true);
  assert.equal(window.size, grown - 1);
  for (let n = 0; n < 1_000; n++) window.update(200, true);
  assert.equal(window.size, 16);
});

test("after a restart of the app, its response times are measured again", () => {
  const window = new ConcurrencyLimit();
  window.update(1, true);
  window.reset();
  window.update(500, true);
  assert.equal(window.size, 17);
});
