import assert from "node:assert/strict";
import { test } from "node:test";
import { harmlessPattern } from "../../scripts/generate/personal.js";
import type { Node } from "../../scripts/generate/schema.js";
import { pushes, sampleText } from "./pushes.js";

/** Every value of a payload whose field has `x-personal: false`, with the pattern of its schema. */
function* notPersonal(node: Node, value: unknown): Generator<{ value: string; pattern: string }> {
  if (Array.isArray(value)) {
    for (const item of value) if (node.items) yield* notPersonal(node.items, item);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, child] of Object.entries(value)) {
      const field = node.properties && Object.hasOwn(node.properties, name) ? node.properties[name] : undefined;
      if (field) yield* notPersonal(field, child);
    }
  } else if (node["x-personal"] === false && value !== null && value !== "") {
    yield { value: String(value), pattern: harmlessPattern(node) as string };
  }
}

for (const push of pushes) {
  test(`values that the schema of ${push.name} marks as not personal are shown`, () => {
    for (const sample of push.samples.filter((name) => !name.includes("/drift-"))) {
      for (const { value, pattern } of notPersonal(push.schema, JSON.parse(sampleText(sample)))) {
        const end = pattern.lastIndexOf("/");
        assert.match(value, new RegExp(pattern.slice(1, end), pattern.slice(end + 1)), sample);
      }
    }
  });
}
