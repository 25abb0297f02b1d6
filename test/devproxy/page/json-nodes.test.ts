import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { visibleText } from "../../../devproxy/src/page/format.js";
import { isPlaceholder, type JsonNode, nodeAt, parseNodes, prettyJson } from "../../../devproxy/src/page/json-nodes.js";

function dataOf(node: JsonNode): unknown {
  if (node.kind === "object")
    return Object.fromEntries(node.children.map((child) => [child.key as string, dataOf(child)]));
  if (node.kind === "array") return node.children.map(dataOf);
  return node.kind === "string" ? node.text : JSON.parse(node.text);
}

test("the nodes of a JSON text have its values, its positions and its places", () =>
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.boolean(), (compact, isPretty) => {
      const text = isPretty ? (prettyJson(compact) as string) : compact;
      const root = parseNodes(text) as JsonNode;
      assert.deepEqual(JSON.parse(JSON.stringify(dataOf(root))), JSON.parse(compact));
      const rest = [root];
      for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
        assert.equal(nodeAt(root, node.place), node);
        assert.deepEqual(JSON.parse(text.slice(node.start, node.end)), JSON.parse(JSON.stringify(dataOf(node))));
        rest.push(...node.children);
      }
    }),
  ));

test("numbers and duplicate keys stay as they are, and a text that is not JSON has no nodes", () => {
  const root = parseNodes('{"a":12345678901234567890,"a":1.0}') as JsonNode;
  assert.deepEqual(
    root.children.map(({ key, text }) => [key, text]),
    [
      ["a", "12345678901234567890"],
      ["a", "1.0"],
    ],
  );
  assert.equal(prettyJson('{"a":1.0,"a":[]}'), '{\n  "a": 1.0,\n  "a": []\n}');
  for (const text of ["", "{", "[1,]", "nul"]) assert.equal(parseNodes(text), undefined, text);
});

test("a deeply nested text and a long string are parsed", () => {
  const depth = 5_000;
  let node = parseNodes(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  let levels = 0;
  for (; node !== undefined; node = node.children[0]) levels++;
  assert.equal(levels, depth);
  const long = JSON.stringify({ text: '"\\'.repeat(1_000_000) });
  assert.equal(parseNodes(long)?.children[0]?.text.length, 2_000_000);
});

test("control characters become symbols", () => {
  const cases: [string, string][] = [
    ["a\u0000b", "a⟨NUL⟩b"],
    ["a\u001b[31m", "a⟨ESC⟩[31m"],
    ["\u202Eevil", "⟨U+202E⟩evil"],
    ["one\ntwo", "one⟨LF⟩two"],
    ["שלום 👩‍👩‍👧", "שלום 👩‍👩‍👧"],
  ];
  for (const [text, shown] of cases) assert.equal(visibleText(text), shown);
  assert.equal(visibleText("one\n\ttwo\r", true), "one\n\ttwo⟨CR⟩");
});

test("placeholders are recognized", () => {
  for (const text of ["<phone:ab12cd>", "<id:0123456789ab>", "<hidden>", "<nested too deeply>"])
    assert.equal(isPlaceholder(text), true, text);
  for (const text of ["<b>", "phone", "<phone>", "<script:alert(1)>"]) assert.equal(isPlaceholder(text), false, text);
});
