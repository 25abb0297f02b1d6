import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth, fitWidth, padWidth } from "../../../devproxy/src/report/index.js";

const cases: [string, number][] = [
  ["", 0],
  ["call.completed", 14],
  ["Nguyễn", 6],
  ["Nguye\u0302\u0303n", 6],
  ["电话 12", 7],
  ["ｶﾀｶﾅ", 4],
  ["カタカナ", 8],
  ["한국어", 6],
  ["สวัสดี", 4],
  ["😀", 2],
  ["❤\ufe0f", 2],
  ["\u200b", 0],
  ["…", 1],
];

for (const [text, width] of cases)
  test(`${JSON.stringify(text)} takes ${width} columns`, () => assert.equal(displayWidth(text), width));

test("a text is cut at a number of columns, never wider; a text that fits is unchanged", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "电", "e\u0301", "😀", "❤\ufe0f", "한", "…") });
  fc.assert(
    fc.property(texts, fc.integer({ min: 0, max: 20 }), (text, max) => {
      const fitted = fitWidth(text, max);
      assert.ok(displayWidth(fitted) <= max);
      if (displayWidth(text) <= max) assert.equal(fitted, text);
      else if (max > 0) assert.ok(fitted.endsWith("…") && displayWidth(fitted) >= max - 1);
      assert.equal(displayWidth(padWidth(fitted, max)), max);
    }),
  );
});
