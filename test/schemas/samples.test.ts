import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue } from "../../middleware/src/generated/catalogue.js";
import { samples } from "../../middleware/src/generated/samples.js";
import { typesMatching } from "../../scripts/generate/identify.js";
import { isDrift } from "../../scripts/generate/samples.js";
import { compile, pushes, sampleText, schemasDir } from "./pushes.js";

for (const push of pushes) {
  const entry = catalogue.find(({ name }) => name === push.name);
  assert.ok(entry);
  const strict = compile(push);
  for (const sample of push.samples) {
    test(`${sample} is ${isDrift(sample) ? "tolerated, and not as documented" : "valid"}`, () => {
      const payload = JSON.parse(sampleText(sample));
      assert.equal(strict(payload), !isDrift(sample));
      assert.equal(entry.strict(payload), !isDrift(sample));
      assert.equal(entry.tolerant(payload), true);
    });

    if (push.push.identify.length === 0) continue;
    test(`${sample} is told to be a ${push.push.type}, and nothing else`, () => {
      assert.deepEqual(typesMatching(pushes, JSON.parse(sampleText(sample))), [push.push.type]);
    });
  }

  test(`${push.name} has a valid sample to start from`, () => {
    assert.equal(entry.strict(JSON.parse(JSON.stringify(samples[push.name]))), true);
  });
}

test("the vendor's examples are what was published, to the byte", () => {
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

test("a call that lost one of Sign, TaskID and Details is still told to be a call", () => {
  for (const name of ["Sign", "TaskID", "Details"]) {
    const { [name]: _, ...payload } = JSON.parse(sampleText("call.completed/answered.json"));
    assert.deepEqual(typesMatching(pushes, payload), ["call.completed"], name);
  }
});

test("what has the shape of nothing is nothing", () => {
  for (const payload of [
    {},
    [],
    null,
    "call",
    1,
    { pds: {} },
    { type: "TaskStatus" },
    { __proto__: { TaskID: "", Sign: "" } },
  ]) {
    assert.deepEqual(typesMatching(pushes, payload), []);
  }
});
