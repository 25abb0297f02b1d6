import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "airudder-devproxy";
import fc from "fast-check";
import { editPush } from "../../../devproxy/src/replay/index.js";

const runs = Number(process.env.FUZZ_RUNS ?? 500);
const MARK = '"\u2602 the new value"';

/** The text of a push after `--set` of a value. */
function edit(text: string, steps: string[], value = MARK): string {
  const set = [{ path: steps.join("."), steps, value, isJson: true }];
  const row = { push: { seq: 1 } } as Row;
  return editPush(row, { headers: {}, body: Buffer.from(text) }, { set, key: undefined }).body.toString();
}

/** Every path into a value, with the value there. */
function* paths(value: unknown, steps: string[] = []): Generator<[string[], unknown]> {
  yield [steps, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* paths(inner, [...steps, name]);
}

test("an edit replaces one value of any JSON text, and no other byte", () => {
  const text = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2, "\t", " \r\n"));
  fc.assert(
    fc.property(text, ([json, indent]) => {
      const before = ` ${JSON.stringify({ first: 1, payload: json }, null, indent)}\n`;
      for (const [steps, value] of paths(JSON.parse(before).payload, ["payload"])) {
        const [start = "", end = "", ...others] = edit(before, steps).split(MARK);
        assert.deepEqual(others, [], steps.join("/"));
        assert.ok(before.startsWith(start) && before.endsWith(end), steps.join("/"));
        assert.deepEqual(JSON.parse(before.slice(start.length, before.length - end.length)), value);
        const replaced = [...paths(JSON.parse(`${start}${MARK}${end}`))];
        const found = replaced.find(([path]) => JSON.stringify(path) === JSON.stringify(steps));
        assert.equal(found?.[1], JSON.parse(MARK));
      }
    }),
    { numRuns: runs },
  );
});

test("of duplicate keys, the last one is edited, which is the one that JSON.parse reads", () => {
  assert.equal(edit('{"a":1,"a":{"b":[10, 20]}}', ["a", "b", "1"], "30"), '{"a":1,"a":{"b":[10, 30]}}');
});

test("a missing field is added to its object; a path without an object is rejected", () => {
  const text = '{"a":[1],"b":"x","__proto__":1 }';
  for (const name of ["c", "constructor"])
    assert.equal(edit(text, [name], "2"), `{"a":[1],"b":"x","__proto__":1,"${name}":2 }`);
  assert.equal(edit(" { } ", ["a"], "1"), ' {"a":1 } ');
  for (const steps of [
    ["a", "-1"],
    ["a", "x"],
    ["b", "0"],
    ["a", "length"],
    ["c", "d"],
  ])
    assert.throws(() => edit(text, steps), { exit: 2, message: /^--set: there is no .* in #1, and no object/ });
});

test("an element is added at the end of a list, and nowhere else", () => {
  assert.equal(edit('{"a":[1 ]}', ["a", "1"], '{"b":2}'), '{"a":[1,{"b":2} ]}');
  assert.equal(edit('{"a":[ ]}', ["a", "0"], "2"), '{"a":[2 ]}');
  assert.equal(edit('{"a":[[],[3,[]]]}', ["a", "1", "2"], "2"), '{"a":[[],[3,[],2]]}');
  const advice = "Add one with 'a[1]:=...', replace the list with 'a:=[...]', or use trigger --edit.";
  for (const steps of [
    ["a", "2"],
    ["a", "01"],
    ["a", "1", "b"],
  ]) {
    assert.throws(
      () => edit('{"a":[1]}', steps),
      (error: Error) => error.message.endsWith(` in #1. a has 1 element. ${advice}`),
    );
  }
});
