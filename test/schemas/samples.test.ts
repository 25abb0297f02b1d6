import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue } from "../../middleware/src/generated/catalogue.js";
import { samples } from "../../middleware/src/generated/samples.js";
import { identify } from "../../middleware/src/push/identify.js";
import { typesMatching } from "../../scripts/generate/identify.js";
import { isDrift } from "../../scripts/generate/samples.js";
import { compile, pushes, sampleText, schemasDir } from "./pushes.js";

/** Types that only a mount can state, with the types that their samples are identified as. */
const NOT_IDENTIFIED: Record<string, string[]> = {
  "call.completed.info_check": ["call.completed"],
  "waba.message.status": [],
};

for (const push of pushes) {
  const entry = catalogue.find(({ name }) => name === push.name);
  assert.ok(entry);
  const strict = compile(push);
  for (const sample of push.samples) {
    test(`${sample} ${isDrift(sample) ? "passes only the tolerant validator" : "is valid"}`, () => {
      const payload = JSON.parse(sampleText(sample));
      assert.equal(strict(payload), !isDrift(sample));
      assert.equal(entry.strict(payload), !isDrift(sample));
      assert.equal(entry.tolerant(payload), true);
    });

    const expected = NOT_IDENTIFIED[push.push.type] ?? [push.push.type];
    test(`${sample} is identified as ${expected.join() || "unknown"}, and nothing else`, () => {
      const payload = JSON.parse(sampleText(sample));
      assert.deepEqual(typesMatching(pushes, payload), expected);
      assert.equal(identify(payload), expected[0] ?? "unknown");
    });
  }

  test(`${push.name} has a valid sample`, () => {
    assert.equal(entry.strict(JSON.parse(JSON.stringify(samples[push.name]))), true);
  });
}

test("the vendor's examples are byte-identical to the published ones", () => {
  const sha256 = (sample: string): string => createHash("sha256").update(sampleText(sample)).digest("hex");
  assert.equal(
    sha256("call.completed/vendor-example.json"),
    "a56d8d834e5c9eadef8f8ff660d0ce2f31a8d427e655c9fab683fee4c4d2876b",
  );
  assert.equal(
    sha256("dialer.task/vendor-example.json"),
    "d81350acccd3e455721e16778a3a126ef7fea044af79a59eef2e74b4e36fca95",
  );
});

test("every sample belongs to a schema", () => {
  const names = pushes.map(({ name }) => name);
  assert.deepEqual(
    readdirSync(join(schemasDir, "samples")).filter((folder) => !names.includes(folder)),
    [],
  );
});

test("samples have a placeholder for every value whose vocabulary is unknown", () => {
  const invented = pushes
    .filter(({ push }) => push.type === "workflow.status" || push.type === "workflow.list.completed")
    .flatMap(({ samples: files }) => files.map((file) => ({ file, text: sampleText(file) })))
    .flatMap(({ file, text }) =>
      [...text.matchAll(/"(?:status|node_type|task_status)": "([^"]*)"/g)].map(([, value]) => ({ file, value })),
    );
  assert.ok(invented.length > 0);
  for (const { file, value } of invented) assert.equal(value, "<unknown vocabulary>", file);
});
