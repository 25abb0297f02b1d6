import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadPushes } from "../../scripts/generate/load.js";
import { type Node, SchemaError } from "../../scripts/generate/schema.js";
import { compile, pushes, schemasDir } from "./pushes.js";

for (const push of pushes) {
  test(`${push.name} compiles in Ajv's strict mode`, () => {
    assert.equal(typeof compile(push), "function");
  });

  test(`${push.name} has the fields that its subject and keys point to`, () => {
    for (const pointer of [...push.push.subject.flat(), ...Object.values(push.push.keys)]) {
      let node: Node | undefined = push.schema;
      for (const step of pointer.split("/").slice(1))
        node = /^\d+$/.test(step) ? node?.items : node?.properties?.[step];
      const open = push.schema["x-provenance"] === "unknown";
      assert.ok(open || node?.description, `${pointer} of ${push.name}`);
    }
  });
}

test("there is a schema for every type", () => {
  assert.deepEqual([...new Set(pushes.map(({ push }) => push.type))].sort(), [
    "call.completed",
    "call.completed.info_check",
    "chatbot.session.ended",
    "custom_node.push",
    "dialer.agent",
    "dialer.contact",
    "dialer.task",
    "waba.message.status",
    "workflow.list.completed",
    "workflow.status",
  ]);
});

function copySchemas(to: string): void {
  for (const folder of ["push", "common"]) cpSync(join(schemasDir, folder), join(to, folder), { recursive: true });
}

// biome-ignore lint/suspicious/noExplicitAny: the schemas are broken on purpose
type Change = (schema: any) => void;

const broken: [what: string, file: string, change: Change, error: RegExp][] = [
  [
    "no $schema",
    "push/call.completed.json",
    (s) => delete s.$schema,
    /^schemas\/push\/call\.completed\.json#\/\$schema: must be/,
  ],
  [
    "an $id that is not the file's name",
    "push/call.completed.json",
    (s) => (s.$id = "call"),
    /#\/\$id: must be "call.completed"/,
  ],
  ["no title", "push/call.completed.json", (s) => delete s.title, /#\/title: must be the name/],
  ["a title that is not a type name", "push/call.completed.json", (s) => (s.title = "call completed"), /#\/title/],
  [
    "the title of another schema",
    "push/dialer.task.json",
    (s) => (s.title = "CallCompleted"),
    /\/title: "CallCompleted" is the title of both/,
  ],
  ["no description", "push/call.completed.json", (s) => delete s.description, /#\/description: is missing/],
  [
    "a field that does not say whether it is personal",
    "push/call.completed.json",
    (s) => delete s.properties.TaskName["x-personal"],
    /^schemas\/push\/call\.completed\.json#\/properties\/TaskName\/x-personal: is missing: set false, or .*phone/,
  ],
  [
    "a shared field that does not say whether it is personal",
    "common/redial.json",
    (s) => delete s.properties.CallID["x-personal"],
    /Details\/items\/properties\/RedailCall\/items\/properties\/CallID\/x-personal: is missing/,
  ],
  [
    "an arbitrary key that does not say whether it is personal",
    "common/call-detail.json",
    (s) => delete s.properties.Variables.additionalProperties["x-personal"],
    /Variables\/additionalProperties\/x-personal: is missing/,
  ],
  [
    "an unknown kind of personal data",
    "push/call.completed.json",
    (s) => (s.properties.TaskName["x-personal"] = "secret"),
    /TaskName\/x-personal: must be false or one of name, phone/,
  ],
  [
    "x-personal: true",
    "push/call.completed.json",
    (s) => (s.properties.TaskName["x-personal"] = true),
    /TaskName\/x-personal: must be false or one of/,
  ],
  [
    "a free text that is marked as not personal",
    "push/call.completed.json",
    (s) => (s.properties.TaskName["x-personal"] = false),
    /TaskName\/x-personal: must not be false: the schema does not limit the values/,
  ],
  [
    "x-personal on a list",
    "push/call.completed.json",
    (s) => (s.properties.Details["x-personal"] = "text"),
    /Details\/x-personal: is only for fields with a value/,
  ],
  [
    "an undescribed field",
    "push/call.completed.json",
    (s) => delete s.properties.Sign.description,
    /#\/properties\/Sign\/description/,
  ],
  [
    "an undescribed shared field",
    "common/redial.json",
    (s) => delete s.properties.CallID.description,
    /Details\/items\/properties\/RedailCall\/items\/properties\/CallID\/description/,
  ],
  [
    "an unknown provenance",
    "push/call.completed.json",
    (s) => (s["x-provenance"] = "rumour"),
    /#\/x-provenance: must be one of/,
  ],
  ["no provenance", "push/call.completed.json", (s) => delete s["x-provenance"], /#\/x-provenance/],
  ["no source", "push/call.completed.json", (s) => delete s["x-source"], /#\/x-source/],
  ["no x-push", "push/call.completed.json", (s) => delete s["x-push"], /#\/x-push: is missing/],
  ["a type with a space", "push/call.completed.json", (s) => (s["x-push"].type = "call completed"), /#\/x-push\/type/],
  ["no title of the vendor", "push/call.completed.json", (s) => delete s["x-push"].title, /#\/x-push\/title/],
  ["an unknown form", "push/dialer.task.json", (s) => (s["x-push"].form = "flat"), /#\/x-push\/form/],
  ["an unknown sign", "push/call.completed.json", (s) => (s["x-push"].sign = "md5"), /#\/x-push\/sign/],
  ["no rules", "push/call.completed.json", (s) => delete s["x-push"].identify, /#\/x-push\/identify/],
  [
    "an empty rule",
    "push/call.completed.json",
    (s) => s["x-push"].identify.push({}),
    /#\/x-push\/identify\/3: is empty/,
  ],
  [
    "a rule without a pointer",
    "push/call.completed.json",
    (s) => s["x-push"].identify.push({ Sign: "present" }),
    /is not a JSON pointer/,
  ],
  [
    "an unknown condition",
    "push/call.completed.json",
    (s) => s["x-push"].identify.push({ "/Sign": "number" }),
    /identify\/3\/~1Sign: must be/,
  ],
  [
    "a rule that overlaps with another schema's",
    "push/call.completed.json",
    (s) => s["x-push"].identify.push({ "/rows": "array", "/case_id": "present", "/Sign": "present" }),
    /identify\/3: overlaps with workflow.list.completed/,
  ],
  [
    "a rule for a push with a missing field that overlaps with another schema's",
    "push/call.completed.json",
    (s) => (s["x-push"].identifyPartial = [{ "/node_id": "present", "/node_name": "present", "/Sign": "present" }]),
    /identifyPartial\/0: overlaps with custom_node.push/,
  ],
  [
    "a rule whose conditions are all `absent`",
    "push/call.completed.json",
    (s) => s["x-push"].identify.push({ "/node_id": "absent" }),
    /identify\/3: has only conditions "absent"/,
  ],
  [
    "signRequired: true, although no signature is known",
    "push/workflow.status.json",
    (s) => (s["x-push"].signRequired = true),
    /#\/x-push\/signRequired: must not be true/,
  ],
  [
    "an unknown value of x-meaning",
    "push/call.completed.json",
    (s) => (s.properties.Sign["x-meaning"] = "theirs"),
    /#\/properties\/Sign\/x-meaning: must be/,
  ],
  [
    "a subject that is not a pointer",
    "push/call.completed.json",
    (s) => s["x-push"].subject.push("CallID"),
    /"CallID" is not a JSON pointer/,
  ],
  ["no keys", "push/call.completed.json", (s) => delete s["x-push"].keys, /#\/x-push\/keys: is missing/],
  ["a combinator", "push/call.completed.json", (s) => (s.oneOf = []), /#\/oneOf: is not a supported keyword/],
  [
    "a format",
    "push/call.completed.json",
    (s) => (s.properties.Sign.format = "uuid"),
    /#\/properties\/Sign\/format: is not a supported keyword/,
  ],
  [
    "a field without a type",
    "push/call.completed.json",
    (s) => delete s.properties.Sign.type,
    /#\/properties\/Sign\/type: is missing/,
  ],
  [
    "an unknown type",
    "push/call.completed.json",
    (s) => (s.properties.Sign.type = "text"),
    /#\/properties\/Sign\/type: must be of/,
  ],
  [
    "an array without items",
    "push/call.completed.json",
    (s) => delete s.properties.Details.items,
    /#\/properties\/Details\/items: is missing/,
  ],
  [
    "an enum of objects",
    "push/call.completed.json",
    (s) => (s.properties.Sign.enum = [{}]),
    /#\/properties\/Sign\/enum: must contain only scalars/,
  ],
  [
    "no additionalProperties",
    "push/call.completed.json",
    (s) => delete s.additionalProperties,
    /#\/additionalProperties: must be false/,
  ],
  [
    "a required field that is not a property",
    "push/call.completed.json",
    (s) => s.required.push("Total"),
    /#\/required: "Total" is not a property/,
  ],
  [
    "an essential field that is not required",
    "common/call-detail.json",
    (s) => s["x-essential"].push("AsrPTP"),
    /x-essential: "AsrPTP" must be required too/,
  ],
  [
    "a field named like a property of every object",
    "push/call.completed.json",
    (s) => (s.properties.constructor = { type: "string", description: "x" }),
    /"constructor" is a property of every JavaScript object/,
  ],
  [
    "another keyword beside a $ref",
    "push/call.completed.json",
    (s) => (s.properties.workflow_id.description = "x"),
    /#\/properties\/workflow_id: draft-07 ignores/,
  ],
  [
    "a $ref to a missing file",
    "push/call.completed.json",
    (s) => (s.properties.workflow_id.$ref = "../common/none.json"),
    /refers to schemas\/common\/none.json, which does not exist/,
  ],
  [
    "a $ref to a missing definition",
    "push/call.completed.json",
    (s) => (s.properties.workflow_id.$ref += "s"),
    /common\/workflow.json#.* does not exist/,
  ],
  [
    "a circular $ref",
    "common/redial.json",
    (s) => (s.properties.CallID = { $ref: "call-detail.json" }),
    /common\/redial\.json#\/properties\/CallID: refers to itself/,
  ],
];

for (const [what, file, change, error] of broken) {
  test(`a schema with ${what} is rejected, and the error names file and pointer`, () => {
    const dir = mkdtempSync(join(tmpdir(), "airudder-schemas-"));
    try {
      copySchemas(dir);
      const schema = JSON.parse(readFileSync(join(dir, file), "utf8"));
      change(schema);
      writeFileSync(join(dir, file), JSON.stringify(schema));
      assert.throws(
        () => loadPushes(dir),
        (thrown) => thrown instanceof SchemaError && error.test(thrown.message) && thrown.message.startsWith("schemas"),
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
}

test("a schema that is not JSON is rejected, and the error names the file", () => {
  const dir = mkdtempSync(join(tmpdir(), "airudder-schemas-"));
  try {
    copySchemas(dir);
    writeFileSync(join(dir, "push/call.completed.json"), "{");
    assert.throws(() => loadPushes(dir), /^SchemaError: schemas\/push\/call\.completed\.json: not JSON/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
