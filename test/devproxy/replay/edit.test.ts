import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { spanOf } from "../../../devproxy/src/replay/json-text.js";

const runs = Number(process.env.FUZZ_RUNS ?? 500);

/** Every path into a value, with what is there. */
function* paths(value: unknown, steps: string[] = []): Generator<[string[], unknown]> {
  yield [steps, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* paths(inner, [...steps, name]);
}

test("finds each value of any JSON text, however it is spaced", () => {
  const text = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2, "\t", " \r\n"));
  fc.assert(
    fc.property(text, ([json, indent]) => {
      const written = ` ${JSON.stringify(json, null, indent)}\n`;
      for (const [steps, expected] of paths(JSON.parse(written))) {
        const span = spanOf(written, steps);
        assert.ok(span, steps.join("/"));
        assert.deepEqual(JSON.parse(written.slice(span.start, span.end)), expected);
      }
    }),
    { numRuns: runs },
  );
});

test("of a name that comes twice the last counts, as when the text is parsed", () => {
  const text = '{"a":1,"a":{"b":[10, 20]}}';
  const span = spanOf(text, ["a", "b", "1"]);
  assert.equal(text.slice(span?.start, span?.end), "20");
});

test("what is not there has no place", () => {
  const text = '{"a":[1],"b":"x","__proto__":1}';
  for (const steps of [["c"], ["a", "1"], ["a", "-1"], ["a", "x"], ["b", "0"], ["constructor"], ["a", "length"]]) {
    assert.equal(spanOf(text, steps), undefined, steps.join("/"));
  }
});
