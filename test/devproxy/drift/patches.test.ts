import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Operation } from "airudder-devproxy";
import type { PushType } from "airudder-webhooks";
import { findMismatches } from "airudder-webhooks/inspect";
import fc from "fast-check";
import { pathStyle } from "../../../devproxy/src/drift/reveal.js";
import { Schemas } from "../../../devproxy/src/drift/schemas.js";
import { catalogue, type Shape } from "../../../middleware/src/generated/catalogue.js";
import { findDrift } from "../../../middleware/src/push/drift.js";
import { findSchema } from "../../../middleware/src/push/identify.js";
import { outputs } from "../../../scripts/generate/outputs.js";
import { mutations } from "../../schemas/mutations.js";
import { pushes, sampleText } from "../../schemas/pushes.js";
import { type Case, passesPublished, payloadOf, publishedSource, SchemasCopy, summarize } from "./rig.js";

/** One or two pushes with drift, and the expected patch of the hand-written schemas. */
interface Example {
  about: string;
  sample: string;
  change: ((payload: ReturnType<typeof payloadOf>) => void)[];
  file: string;
  patch: Operation[];
}

const examples: Example[] = [
  {
    about: "an unknown field at the root",
    sample: "call.completed/answered",
    change: [(push) => Object.assign(push, { Brand: "x" })],
    file: "schemas/push/call.completed.json",
    patch: [
      {
        op: "add",
        path: "/properties/Brand",
        value: {
          type: "string",
          description: "Not documented; first seen 2026-01-31.",
          "x-personal": "text",
          "x-provenance": "observed",
        },
      },
    ],
  },
  {
    about: "an unknown field in an array item whose schema is shared",
    sample: "call.completed/answered",
    change: [
      (push) => Object.assign(push.Details[0], { "a/b~c": 1 }),
      (push) => Object.assign(push.Details[0], { "a/b~c": 1.5 }),
      (push) => Object.assign(push.Details[0], { "a/b~c": null }),
    ],
    file: "schemas/common/call-detail.json",
    patch: [
      {
        op: "add",
        path: "/properties/a~1b~0c",
        value: {
          type: ["number", "null"],
          description: "Not documented; first seen 2026-01-31.",
          "x-personal": "text",
          "x-provenance": "observed",
        },
      },
    ],
  },
  {
    about: "an unknown array of objects in a nested object",
    sample: "dialer.task/running",
    change: [(push) => Object.assign(push.pds, { extra: [{ a: 1 }, ["x", 2]] })],
    file: "schemas/push/dialer.task.json",
    patch: [
      {
        op: "add",
        path: "/properties/pds/properties/extra",
        value: {
          type: "array",
          description: "Not documented; first seen 2026-01-31.",
          items: {
            type: ["array", "object"],
            description: "An element.",
            items: { type: ["string", "integer"], description: "An element.", "x-personal": "text" },
            additionalProperties: true,
          },
          "x-provenance": "observed",
        },
      },
    ],
  },
  {
    about: "unknown values of a shared enum, which may occur twice in a push",
    sample: "call.completed/answered",
    change: [
      (push) => Object.assign(push.Details[0], { RingType: "voicemail" }),
      (push) => Object.assign(push.Details[0], { RedailCall: [{ RingType: "voicemail" }, { RingType: "blocked" }] }),
    ],
    file: "schemas/common/ring-type.json",
    patch: [
      { op: "add", path: "/enum/-", value: "voicemail" },
      { op: "add", path: "/enum/-", value: "blocked" },
    ],
  },
  {
    about: "a value that differs from a const",
    sample: "dialer.task/running",
    change: [(push) => Object.assign(push.pds, { type: "TaskState" })],
    file: "schemas/push/dialer.task.json",
    patch: [
      { op: "test", path: "/properties/pds/properties/type/const", value: "TaskStatus" },
      { op: "remove", path: "/properties/pds/properties/type/const" },
      { op: "add", path: "/properties/pds/properties/type/enum", value: ["TaskStatus", "TaskState"] },
    ],
  },
  {
    about: "other types in an array item",
    sample: "call.completed/answered",
    change: [
      (push) => Object.assign(push.Details[0], { CallTimes: "3" }),
      (push) => Object.assign(push.Details[0], { CallTimes: null }),
      (push) => Object.assign(push.Details[0], { CallTimes: 2.5 }),
    ],
    file: "schemas/common/call-detail.json",
    patch: [
      { op: "test", path: "/properties/CallTimes/type", value: "integer" },
      { op: "replace", path: "/properties/CallTimes/type", value: ["string", "number", "null"] },
    ],
  },
  {
    about: "another type in a shared file",
    sample: "workflow.status/with-task",
    change: [(push) => Object.assign(push.actions[0], { nodetask_id: 7 })],
    file: "schemas/common/workflow.json",
    patch: [
      { op: "test", path: "/definitions/nodetask_id/type", value: "string" },
      { op: "replace", path: "/definitions/nodetask_id/type", value: ["string", "integer"] },
    ],
  },
  {
    about: "another type under a free key",
    sample: "call.completed/answered",
    change: [(push) => Object.assign(push.Details[0].Variables, { amount: 12, debts: [{}] })],
    file: "schemas/common/call-detail.json",
    patch: [
      { op: "test", path: "/properties/Variables/additionalProperties/type", value: "string" },
      {
        op: "replace",
        path: "/properties/Variables/additionalProperties/type",
        value: ["string", "integer", "array"],
      },
    ],
  },
  {
    about: "a scalar instead of an object, and instead of an array",
    sample: "call.completed/answered",
    change: [
      (push) => Object.assign(push.Details[0], { Variables: null }),
      (push) => Object.assign(push, { Details: {} }),
    ],
    file: "schemas/push/call.completed.json",
    patch: [
      { op: "test", path: "/properties/Details/type", value: "array" },
      { op: "replace", path: "/properties/Details/type", value: ["array", "object"] },
    ],
  },
  {
    about: "a scalar of another type where values are listed: it is added to them",
    sample: "call.completed/answered",
    change: [
      (push) => Object.assign(push.Details[0], { Status: null }),
      (push) => Object.assign(push.Details[0], { Status: true }),
    ],
    file: "schemas/common/call-detail.json",
    patch: [
      { op: "test", path: "/properties/Status/type", value: "string" },
      { op: "replace", path: "/properties/Status/type", value: ["string", "boolean", "null"] },
      { op: "add", path: "/properties/Status/enum/-", value: null },
      { op: "add", path: "/properties/Status/enum/-", value: true },
    ],
  },
  {
    about: "an object where values are listed: the list is removed",
    sample: "call.completed/answered",
    change: [(push) => Object.assign(push.Details[0], { HangupType: { by: "callee" } })],
    file: "schemas/common/hangup-type.json",
    patch: [
      { op: "test", path: "/type", value: "string" },
      { op: "replace", path: "/type", value: ["string", "object"] },
      { op: "test", path: "/enum", value: ["ByCallee", "ByRobot", "Canceled"] },
      { op: "remove", path: "/enum" },
      { op: "replace", path: "/x-personal", value: "text" },
    ],
  },
  {
    about: "missing fields, one of them essential: both lists lose it",
    sample: "call.completed/answered",
    change: [
      (push) => {
        delete push.workflow_id;
        delete push.TaskID;
      },
    ],
    file: "schemas/push/call.completed.json",
    patch: [
      { op: "test", path: "/required/4", value: "TaskID" },
      { op: "remove", path: "/required/4" },
      { op: "test", path: "/required/0", value: "workflow_id" },
      { op: "remove", path: "/required/0" },
      { op: "test", path: "/x-essential/0", value: "TaskID" },
      { op: "remove", path: "/x-essential/0" },
    ],
  },
];

function casesOf({ sample, change }: Example): Case[] {
  return change.map((alter) => {
    const payload = payloadOf(sample);
    alter(payload);
    return [sample.split("/")[0] as string, payload];
  });
}

for (const example of examples) {
  test(`${example.about}: the patch is as expected and covers it`, async (t) => {
    const cases = casesOf(example);
    const copy = new SchemasCopy(t);
    assert.equal(copy.passes(cases), false);
    const summary = await copy.summarize(cases, { reveal: true });
    assert.deepEqual(summary.patches.find(({ file }) => file === example.file)?.patch, example.patch);
    assert.equal(summary.drifting, cases.length);
    copy.apply(summary);
    assert.equal(copy.passes(cases), true);
    assert.deepEqual((await copy.summarize(cases, { reveal: true })).groups, []);

    const byPublished = await summarize(cases, { reveal: true });
    assert.deepEqual(
      byPublished.patches.map(({ file }) => file),
      [`airudder-webhooks/schemas/${example.sample.split("/")[0]}.json`],
    );
    assert.equal(passesPublished(cases, byPublished), true);
  });
}

test("with all patches applied, the generator still writes validators that accept every push", async (t) => {
  const cases = examples.flatMap(casesOf);
  const copy = new SchemasCopy(t);
  copy.apply(await copy.summarize(cases, { reveal: true }));
  const files = await outputs(copy.root);
  mkdirSync(join(copy.root, "out"));
  const file = join(copy.root, "out", "validators.mjs");
  writeFileSync(file, files.get("middleware/src/generated/validators.js") as string);
  const validators = await import(pathToFileURL(file).href);
  for (const [name, payload] of cases) {
    assert.equal(
      validators[`strict_${name.replace(/\W/g, "_")}`](payload),
      true,
      `${name}: ${JSON.stringify(payload)}`,
    );
  }
});

/** Each run compiles schemas again, so more than 500 runs would take minutes. */
const runs = Math.min(Number(process.env.FUZZ_RUNS ?? 60), 500);
const texts = pushes.flatMap(({ push, samples }) => samples.map((sample) => [push.type, sampleText(sample)] as const));

/** Changed samples, each with the schema that the middleware uses on a mount with that type. */
const changed = fc
  .tuple(fc.constantFrom(...texts), mutations)
  .map(([[type, text], change]) => [type as PushType, JSON.parse(change(text))] as const)
  .filter(([, payload]) => typeof payload === "object" && payload !== null && !Array.isArray(payload))
  .map(([type, payload]): Case => [findSchema(payload, type)?.name as string, payload]);

test(`the patches cover all drift of random pushes, except what is reported as uncovered (${runs} runs)`, async (t) => {
  const copy = new SchemasCopy(t);
  let covered = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(changed, { minLength: 1, maxLength: 3 }), async (cases) => {
      const summary = await copy.summarize(cases, { reveal: true });
      const isCovered = summary.groups.every(({ uncovered }) => uncovered === undefined);
      if (summary.drifting > 0 && isCovered) covered++;
      copy.apply(summary);
      try {
        assert.equal(copy.passes(cases), isCovered);
      } finally {
        copy.restore(summary);
      }
      assert.equal(passesPublished(cases, await summarize(cases, { reveal: true })), isCovered);
    }),
    { numRuns: runs },
  );
  assert.ok(covered > runs / 3, `only ${covered} runs had drift that is covered`);
});

test("the published schemas have the same mismatches as the validators of the middleware", () => {
  const schemas = new Schemas(publishedSource);
  fc.assert(
    fc.property(changed, ([name, payload]) => {
      const shape = catalogue.find((schema) => schema.name === name)?.shape as Shape;
      const words = ({ kind, expected }: { kind: string; expected: string }) => `${kind} ${expected}`;
      const expected = findDrift(shape, payload).map(words);
      const found = findMismatches(schemas.get(name), payload, pathStyle(true)).map(words);
      if (expected.length < 32) assert.deepEqual(found.sort(), expected.sort());
      else assert.ok(found.length >= 32);
    }),
    { numRuns: runs * 5 },
  );
});

test("a field with the name of an inherited property is reported, and left out of the patch", async () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    const text = sampleText("call.completed/answered.json").replace("{", `{${JSON.stringify(name)}:1,`);
    const { groups, patches } = await summarize([["call.completed", JSON.parse(text)]]);
    assert.deepEqual(
      groups.map(({ path, kind, uncovered }) => [path, kind, uncovered]),
      [[`/${name}`, "unknown_field", "every JavaScript object already has a property of this name"]],
    );
    assert.deepEqual(patches, []);
  }
});
