import assert from "node:assert/strict";
import { test } from "node:test";
import { Window } from "../../../devproxy/src/ingress/window.js";

test("more pushes are sent in parallel while the app responds as fast as at first", () => {
  const window = new Window();
  const first = window.size;
  for (let n = 0; n < 1_000; n++) window.learn(100 + (n % 50), true);
  assert.deepEqual([first, window.size], [16, 256]);
});

test("fewer pushes are sent in parallel if responses become slower, but never fewer than at first", () => {
  const window = new Window();
  for (let n = 0; n < 100; n++) window.learn(10, true);
  const grown = window.size;
  window.learn(200, true);
  assert.equal(window.size, grown - 1);
  for (let n = 0; n < 1_000; n++) window.learn(200, true);
  assert.equal(window.size, 16);
});

test("after a restart of the app, its response times are measured again", () => {
  const window = new Window();
  window.learn(1, true);
  window.reset();
  window.learn(500, true);
  assert.equal(window.size, 17);
});
