import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineBuffer } from "../../../middleware/src/journal/line-buffer.js";

test("UTF-8 is quoted like JSON.stringify quotes its text", () => {
  const every = Array.from({ length: 0x800 }, (_, code) => String.fromCharCode(code)).join("");
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.constantFrom(every, "", "\u2028\u2029", '😀\\/"1.0'),
  );
  fc.assert(
    fc.property(fc.array(texts), (parts) => {
      const lines = new LineBuffer();
      for (const part of parts) lines.addQuoted(Buffer.from(part));
      assert.equal(lines.bytes.toString(), parts.map((part) => JSON.stringify(part)).join(""));
    }),
  );
});

test("the buffer grows without losing its lines, and is empty after clear()", () => {
  const lines = new LineBuffer();
  lines.add("first ");
  for (const text of ["\u0001".repeat(300_000), "é".repeat(300_000)]) {
    lines.add(text);
    lines.addQuoted(Buffer.from(text));
    assert.equal(lines.bytes.toString(), `first ${text}${JSON.stringify(text)}`);
    lines.clear();
    assert.equal(lines.length, 0);
    lines.add("first ");
  }
});
