import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue } from "../../middleware/src/generated/catalogue.js";
import { validate } from "../../middleware/src/push/validate.js";
import { type Consequence, type Field, fieldsOf } from "../../scripts/generate/fields.js";
import { type Node, typesOf } from "../../scripts/generate/schema.js";
import { pushes } from "./pushes.js";

type Holder = Record<string, unknown>;

/** A payload in which every field is there once, made from the schema alone. */
function fullPayload(node: Node): unknown {
  if (node.const !== undefined) return node.const;
  if (node.enum) return node.enum[0];
  switch (typesOf(node)[0]) {
    case "object": {
      const named = Object.entries(node.properties ?? {}).map(([name, child]) => [name, fullPayload(child)]);
      const rest = node.additionalProperties;
      return Object.fromEntries(typeof rest === "object" ? [...named, ["*", fullPayload(rest)]] : named);
    }
    case "array":
      return node.items ? [fullPayload(node.items)] : [];
    case "integer":
      return 1;
    default:
      return "text";
  }
}

/** Where a field's path leads in such a payload: what holds it, its key there, and its JSON pointer. */
function placeOf(payload: unknown, { path }: Field): { holder: Holder; key: string; pointer: string } {
  const steps = path.replaceAll("[]", ".0").split(".");
  const key = steps.pop() as string;
  const holder = steps.reduce((value, step) => (value as Holder)[step], payload) as Holder;
  return { holder, key, pointer: `/${[...steps, key].join("/")}` };
}

for (const { name, schema } of pushes) {
  const entry = catalogue.find((candidate) => candidate.name === name);
  assert.ok(entry);
  const expectOne = (
    field: Field,
    change: (holder: Holder, key: string) => void,
    consequence: Consequence,
    kind: string,
    below = "",
  ): void => {
    const payload = fullPayload(schema) as Holder;
    const { holder, key, pointer } = placeOf(payload, field);
    change(holder, key);
    const { quarantined, drift } = validate(entry, payload);
    const label = `${kind} at ${pointer}${below}`;
    assert.equal(quarantined, consequence === "quarantine", label);
    assert.deepEqual(
      drift.map((it) => ({ path: it.path, kind: it.kind })),
      consequence === "-" ? [] : [{ path: `${pointer}${below}`, kind }],
      label,
    );
  };

  test(`${name}: a payload with every field is as documented`, () => {
    assert.deepEqual(validate(entry, fullPayload(schema) as object), { quarantined: false, drift: [] });
  });

  test(`${name}: every documented value is as documented`, () => {
    for (const field of fieldsOf(schema)) {
      for (const value of field.node.enum ?? []) {
        const payload = fullPayload(schema) as Holder;
        const { holder, key } = placeOf(payload, field);
        holder[key] = value;
        assert.equal(entry.strict(payload), true, `${field.path}: ${value}`);
      }
    }
  });

  for (const field of fieldsOf(schema)) {
    const types = typesOf(field.node);
    test(`${name}: ${field.path}, taken away (${field.missing}), of another type (${field.otherType}), of another value (${field.otherValue})`, () => {
      expectOne(field, (holder, key) => Reflect.deleteProperty(holder, key), field.missing, "missing_field");
      for (const wrong of [true, null, 1.5, "text", 7, [], {}].filter((value) => !isOf(value, types))) {
        expectOne(field, (holder, key) => Object.assign(holder, { [key]: wrong }), field.otherType, "wrong_type");
      }
      if (types.includes("string")) {
        expectOne(
          field,
          (holder, key) => Object.assign(holder, { [key]: "never seen before" }),
          field.otherValue,
          "unknown_value",
        );
      }
      if (types.includes("object") && typeof field.node.additionalProperties !== "object") {
        const add = (holder: Holder, key: string): void => void Object.assign(holder[key] as Holder, { fresh: 1 });
        expectOne(field, add, field.newField, "unknown_field", "/fresh");
      }
    });
  }
}

function isOf(value: unknown, types: readonly string[]): boolean {
  if (value === null) return types.includes("null");
  if (Array.isArray(value)) return types.includes("array");
  return types.includes(typeof value) || (Number.isInteger(value) && types.includes("integer"));
}
