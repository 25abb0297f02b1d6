import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { catalogue } from "../../middleware/src/generated/catalogue.js";
import { findDrift } from "../../middleware/src/push/drift.js";
import { identify } from "../../middleware/src/push/identify.js";
import { typesMatching } from "../../scripts/generate/identify.js";
import { ajvOptions, tolerantSchema } from "../../scripts/generate/validators.js";
import { mutations } from "./mutations.js";
import { compile, pushes, sampleText } from "./pushes.js";

const runs = Number(process.env.FUZZ_RUNS ?? 1000);

const judges = pushes.map((push) => {
  const generated = catalogue.find(({ name }) => name === push.name);
  assert.ok(generated);
  return {
    name: push.name,
    generated,
    strict: compile(push),
    tolerant: new Ajv(ajvOptions).compile(tolerantSchema(push.schema)),
  };
});

/** Validates a payload, given as JSON text, with every generated validator, and compares each result with Ajv's. */
function compareVerdicts(text: string): void {
  const payload = JSON.parse(text);
  for (const { name, generated, strict, tolerant } of judges) {
    assert.equal(generated.strict(payload), strict(payload), `strict ${name}: ${text}`);
    assert.equal(generated.tolerant(payload), tolerant(payload), `tolerant ${name}: ${text}`);
    assert.equal(
      generated.strict(payload),
      findDrift(generated.shape, payload).length === 0,
      `drift of ${name}: ${text}`,
    );
    assert.ok(generated.tolerant(payload) || !generated.strict(payload), `strict and not tolerant: ${name}: ${text}`);
  }
  assert.equal(JSON.stringify(payload), JSON.stringify(JSON.parse(text)), "a validator changed the payload");
  if (typeof payload !== "object" || payload === null) return;
  const [type, ...others] = typesMatching(pushes, payload);
  const identified = identify(payload);
  if (type === undefined) assertQuarantined(payload, identified);
  else if (others.length === 0) assert.equal(identified, type);
}

/** A push that is only partially identified reaches no handler of its type. */
function assertQuarantined(payload: object, type: string): void {
  for (const { generated } of judges.filter((judge) => judge.generated.type === type))
    assert.equal(generated.tolerant(payload), false, `${type}: ${JSON.stringify(payload)}`);
}

test(`changed pushes get the same result as from Ajv at run time (${runs} runs)`, () => {
  const texts = pushes.flatMap(({ samples }) => samples.map(sampleText));
  fc.assert(
    fc.property(fc.constantFrom(...texts), mutations, (text, change) => compareVerdicts(change(text))),
    { numRuns: runs },
  );
});

test(`arbitrary JSON gets the same result as from Ajv at run time (${runs} runs)`, () => {
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), compareVerdicts), { numRuns: runs });
});

test("validation does not change prototypes", () => {
  const before = [Object.prototype, Array.prototype, Function.prototype].map((it) =>
    Reflect.ownKeys(it).map(String).join(),
  );
  const text = sampleText("call.completed/answered.json");
  for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    for (const value of ['{"polluted":true}', '"x"', "null", "[]", '{"TaskID":"x","Sign":"x","Details":[]}']) {
      compareVerdicts(`{"${key}":${value}}`);
      compareVerdicts(text.replace("{", `{"${key}":${value},`));
      compareVerdicts(text.replace('"Variables": {', `"Variables": {"${key}":${value},`));
    }
  }
  const after = [Object.prototype, Array.prototype, Function.prototype].map((it) =>
    Reflect.ownKeys(it).map(String).join(),
  );
  assert.deepEqual(after, before);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("a field named __proto__ is an ordinary field: unknown in an object with known fields, allowed among arbitrary keys", () => {
  const strict = judges.find(({ name }) => name === "call.completed")?.generated.strict;
  const text = sampleText("call.completed/answered.json");
  assert.equal(strict?.(JSON.parse(text)), true);
  assert.equal(strict?.(JSON.parse(text.replace("{", '{"__proto__":"x",'))), false);
  assert.equal(strict?.(JSON.parse(text.replace('"Variables": {', '"Variables": {"__proto__":"x",'))), true);
  assert.equal(strict?.(JSON.parse(text.replace('"Variables": {', '"Variables": {"__proto__":1,'))), false);
});

test("inherited fields count as missing", () => {
  const shape = catalogue.find(({ name }) => name === "call.completed")?.shape;
  for (const name of ["__proto__", "constructor", "toString"]) assert.equal(shape?.properties?.[name], undefined);
});
