import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import {
  type CampaignOptions,
  campaignPushes,
  campaignSummary,
  OUTCOME_NAMES,
  parseCampaignFile,
  parseMix,
} from "../../../devproxy/src/campaign/index.js";
import { largestRemainder } from "./invariants.js";

const schema = JSON.parse(
  readFileSync(new URL("../../../devproxy/src/campaign/campaign.schema.json", import.meta.url), "utf8"),
);

function bytesOf(options: CampaignOptions): Buffer {
  return Buffer.concat([...campaignPushes(options)].map(({ body }) => body));
}

test("--mix is parsed; spaces and decimal weights are allowed", () => {
  assert.deepEqual(parseMix("answered=40,no-answer=35,busy=15,switched-off=10"), {
    answered: 40,
    "no-answer": 35,
    busy: 15,
    "switched-off": 10,
  });
  assert.deepEqual(parseMix(" answered = 0.5 , wrong-number=0"), { answered: 0.5, "wrong-number": 0 });
  for (const name of OUTCOME_NAMES) assert.deepEqual(parseMix(`${name}=1`), { [name]: 1 });
});

for (const [text, message] of [
  ["answred=40", /"answred" is not an outcome\. Did you mean "answered"\?/],
  ["switched_off=1", /Did you mean "switched-off"\?/],
  ["something=1", /"something" is not an outcome\. Outcomes: answered, no-answer, busy, switched-off, /],
  ["__proto__=1", /"__proto__" is not an outcome/],
  ["busy", /"busy" is not outcome=weight\. Give .*answered=40/],
  ["", /"" is not outcome=weight/],
  ["busy=1,", /"" is not outcome=weight/],
  ["busy=many", /the weight "many" of busy is not a number from 0 to 999999/],
  ["busy=-1", /the weight "-1" of busy/],
  ["busy=1000000", /the weight "1000000" of busy/],
  ["busy=1,answered=2,busy=3", /"busy" occurs twice/],
  ["busy=0,answered=0", /every weight is 0/],
] as const) {
  test(`--mix ${text || "(empty)"} is rejected`, () =>
    assert.throws(() => parseMix(text), { code: "usage", exit: 2, message }));
}

test("a campaign file sets the options, and an empty one sets none", () => {
  const text = `\ufeff${JSON.stringify({
    $schema: "./node_modules/airudder-devproxy/dist/campaign/campaign.schema.json",
    contacts: 5,
    mix: { busy: 1, answered: 2.5 },
    seed: 7,
    agents: 3,
    maxRedials: 0,
    startAt: "2026-03-01T08:00:00Z",
  })}`;
  assert.deepEqual(parseCampaignFile(text), {
    contacts: 5,
    mix: { busy: 1, answered: 2.5 },
    seed: 7,
    agents: 3,
    maxRedials: 0,
    startAt: new Date("2026-03-01T08:00:00Z"),
  });
  assert.deepEqual(bytesOf(parseCampaignFile("{}")), bytesOf({}));
});

for (const [text, message] of [
  ["{", /^my\.json is not valid JSON: see line 1, column 2\. Give /],
  ["[]", /^my\.json: the whole value must be an object, not an array/],
  ['{"contact": 5}', /^my\.json: "contact" is unknown\. Did you mean "contacts"\?$/],
  ['{"key": "s3cret"}', /^my\.json: "key" is unknown\. Known: \$schema, contacts, mix, /],
  ['{"mix": {"answred": 5}}', /^my\.json: "mix\.answred" is unknown\. Did you mean "answered"\?$/],
  ['{"contacts": 0}', /^my\.json: "contacts" must be a whole number from 1 to 100000, not 0\.$/],
  ['{"contacts": 1.5}', /"contacts" must be a whole number .*, not 1\.5\.$/],
  ['{"contacts": "5"}', /"contacts" must be a whole number .*, not "5"\.$/],
  ['{"mix": {"busy": -1}}', /"mix\.busy" must be a number from 0 to 999999, not -1\.$/],
  ['{"mix": {}}', /"mix" has no weight above 0/],
  ['{"mix": "busy=1"}', /"mix" must be an object, not "busy=1"\.$/],
  ['{"startAt": "tomorrow"}', /"startAt" must be written as "2026-01-05T02:00:00Z", not "tomorrow"\.$/],
  ['{"startAt": "2026-13-01T00:00:00Z"}', /"startAt" is not a date that exists/],
  ['{"startAt": null}', /"startAt" must be written as .*, not null\.$/],
  ['{"toString": 1}', /"toString" is unknown/],
] as const) {
  test(`the campaign file ${text} is rejected`, () =>
    assert.throws(() => parseCampaignFile(text, "my.json"), { code: "usage", exit: 2, message }));
}

test("a message quotes a long value only in part", () =>
  assert.throws(
    () => parseCampaignFile(JSON.stringify({ contacts: "x".repeat(500) })),
    ({ message }: Error) => message.length < 150,
  ));

test("options in code are checked in the same way", () => {
  const rejects = (options: CampaignOptions, message: RegExp) =>
    assert.throws(() => campaignSummary(options), { code: "usage", message });
  rejects({ contacts: 0 }, /^The campaign: "contacts" must be/);
  rejects({ agents: 0 }, /"agents" must be a whole number from 1 to 2000, not 0/);
  rejects({ maxRedials: 11 }, /"maxRedials" must be/);
  rejects({ seed: -1 }, /"seed" must be/);
  rejects({ mix: {} }, /"mix" has no weight/);
  rejects({ startAt: new Date(Number.NaN) }, /"startAt" is not a valid date/);
  rejects({ startAt: new Date("1999-01-01T00:00:00Z") }, /"startAt" must be/);
});

/** Values that are valid, or wrong in one way or another. */
const anyFile = fc.record(
  {
    $schema: fc.oneof(fc.string(), fc.nat()),
    contacts: fc.oneof(fc.integer({ min: -1, max: 100_002 }), fc.double(), fc.string(), fc.constant(null)),
    mix: fc.oneof(
      fc.dictionary(
        fc.constantFrom(...OUTCOME_NAMES, "other"),
        fc.oneof(fc.integer({ min: -1, max: 1_000_001 }), fc.double({ min: 0.5, max: 2 }), fc.string()),
        { minKeys: 1, maxKeys: 3, noNullPrototype: true },
      ),
      fc.constantFrom(null, [], 1, "x"),
    ),
    seed: fc.oneof(fc.maxSafeInteger(), fc.double()),
    agents: fc.integer({ min: -1, max: 2_002 }),
    maxRedials: fc.integer({ min: -1, max: 12 }),
    startAt: fc.oneof(
      fc
        .date({ min: new Date("2000-01-01T00:00:00Z"), max: new Date("2110-01-01T00:00:00Z"), noInvalidDate: true })
        .map((date) => date.toISOString()),
      fc.string(),
    ),
    other: fc.anything({ maxDepth: 1 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test("a file is accepted exactly if it matches the published schema", () => {
  const matches = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
  const accepted = (text: string): boolean => {
    try {
      parseCampaignFile(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(anyFile, (file) => {
      const text = JSON.stringify(file);
      const { mix = { busy: 1 } } = JSON.parse(text);
      const hasWeight = Object.values(mix ?? {}).some((weight) => weight !== 0);
      assert.equal(accepted(text), matches(JSON.parse(text)) && hasWeight, text);
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 500) },
  );
});

test("the schema describes every field, and its defaults are valid", () => {
  const { properties } = schema;
  for (const field of [...Object.values(properties), ...Object.values(properties.mix.properties)]) {
    assert.ok((field as { description?: string }).description);
  }
  const defaults = Object.entries(properties).map(([name, field]) => [name, (field as { default?: unknown }).default]);
  const file = JSON.stringify(Object.fromEntries(defaults));
  assert.deepEqual(bytesOf(parseCampaignFile(file)), bytesOf({}));
});

test("outcomes are apportioned exactly", () => {
  const weights = fc.array(fc.nat(1_000), { minLength: OUTCOME_NAMES.length, maxLength: OUTCOME_NAMES.length });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), weights, (contacts, list) => {
      fc.pre(list.some((weight) => weight > 0));
      const mix = Object.fromEntries(OUTCOME_NAMES.map((name, i) => [name, list[i] as number]));
      const { outcomes } = campaignSummary({ contacts, mix, maxRedials: 0 });
      assert.deepEqual(Object.values(outcomes), largestRemainder(contacts, list));
    }),
    { numRuns: 100 },
  );
});

test("the campaign file in the README is accepted, and its table lists every outcome", () => {
  const readme = readFileSync(new URL("../../../devproxy/README.md", import.meta.url), "utf8");
  const [, file = ""] = /```json\n(\{\n {2}"\$schema"[^`]*)```/.exec(readme) ?? [];
  assert.equal(parseCampaignFile(file).contacts, 500);
  const rows = readme.matchAll(/^\| `([a-z-]+)` \| `\w+` \| \d+/gm);
  assert.deepEqual([...rows].map(([, name]) => name).sort(), [...OUTCOME_NAMES].sort());
});
