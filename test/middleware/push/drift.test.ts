import assert from "node:assert/strict";
import { test } from "node:test";
import { type AirudderEvent, airudder, type Drift, parsePush } from "airudder-webhooks";
import fc from "fast-check";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";

function driftOf(payload: object): readonly Drift[] {
  return parsePush(Buffer.from(JSON.stringify(payload))).drift;
}

const names: [name: string, path: string][] = [
  ["NewField", "/NewField"],
  ["new-field_2", "/new-field_2"],
  ["v1234", "/v1234"],
  ["+62000000001", "/*"],
  ["62000000001", "/*"],
  ["0812-3456-7890", "/*"],
  ["person_12345", "/*"],
  ["Jane Doe", "/*"],
  ["jane@example.com", "/*"],
  ["\n\u001b[31m", "/*"],
  ["a/b~c", "/*"],
  ["x".repeat(65), "/*"],
  ["", "/*"],
];
for (const [name, path] of names) {
  test(`a field named ${JSON.stringify(name.slice(0, 20))}, which is not in the schema, is reported as ${path}`, () => {
    assert.deepEqual(
      driftOf(callCompleted({ [name]: 1 })).map(({ kind, ...drift }) => [kind, drift.path]),
      [["unknown_field", path]],
    );
  });
}

test("an arbitrary key is reported by the same rule, and its parents by their names", () => {
  const { Details } = callCompleted() as { Details: [object] };
  const paths = (Variables: object) =>
    driftOf(callCompleted({ Details: [{ ...Details[0], Variables }] })).map(({ path }) => path);
  assert.deepEqual(paths({ plan: 1 }), ["/Details/0/Variables/plan"]);
  assert.deepEqual(paths({ "+62000000001": 1 }), ["/Details/0/Variables/*"]);
});

test("no event contains a field name that may be personal data, or a control character", async () => {
  const events: AirudderEvent[] = [];
  const receiver = airudder({ key: KEY, observe: (event) => void events.push(event) });
  receiver.on("call.completed", () => undefined);
  await receiver.fetch(webRequest(callCompleted({ "+62000000001": 1, "\u001b[31m": 2 })));
  const text = JSON.stringify([events, receiver.stats()]);
  assert.match(text, /unknown_field/);
  assert.doesNotMatch(text, /62000000001|u001b/);
});

test("a path contains only names of the schema, plain identifiers, indexes and *", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 1 })), (fields) => {
      for (const { path } of driftOf({ ...callCompleted(), ...fields })) assert.match(path, /^(?:\/[\w*-]{1,64})+$/);
    }),
  );
});
