import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonErrorPosition } from "../../../devproxy/src/config/index.js";

const cases: [text: string, line: number, column: number][] = [
  ["", 1, 1],
  ['{"a":1,}', 1, 8],
  ['{"a":1\n "b":2}', 2, 2],
  ['{\n  "a": tru\n}', 2, 8],
  ["[1, 2", 1, 6],
  ["[1 2]", 1, 4],
  ['{"a" 1}', 1, 6],
  ["{a:1}", 1, 2],
  ['{"a":1}}', 1, 8],
  ['{"a":"x\ny"}', 1, 8],
  ['{"a":"xyz', 1, 10],
  ['{"a', 1, 4],
  ['{"a":"\\x"}', 1, 7],
  ['{"a":01}', 1, 7],
  ["[1,]", 1, 4],
];

for (const [text, line, column] of cases) {
  test(`the error in ${JSON.stringify(text)} is at line ${line}, column ${column}`, () => {
    assert.deepEqual(jsonErrorPosition(text), { line, column });
  });
}

test("a text has an error exactly if JSON.parse rejects it", () => {
  const character = fc.constantFrom(...'{}[]",:\\ \n0123-+.eEtrufalsn\u00e9'.split(""));
  const damaged = fc
    .tuple(fc.json(), fc.nat(), fc.option(character, { nil: "" }), fc.boolean())
    .map(([json, at, put, replaces]) => {
      const start = at % (json.length + 1);
      return json.slice(0, start) + put + json.slice(replaces ? start + 1 : start);
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ unit: character }), fc.json()), (text) => {
      let isValid = true;
      try {
        JSON.parse(text);
      } catch {
        isValid = false;
      }
      assert.equal(jsonErrorPosition(text) === undefined, isValid, text);
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 2_000) },
  );
});

test("a deeply nested text does not overflow the stack", () => {
  assert.equal(jsonErrorPosition("[".repeat(100_000) + "]".repeat(100_000)), undefined);
});
