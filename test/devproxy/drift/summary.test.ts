import assert from "node:assert/strict";
import { test } from "node:test";
import { driftEvents, driftLines, type RecordedPush, summarizeDrift } from "airudder-devproxy";
import { type Case, payloadOf, publishedSource, pushOf, summarize } from "./rig.js";

/** A call completion with the given fields changed. */
function call(detail: Record<string, unknown>, sample = "call.completed/answered"): Case {
  const payload = payloadOf(sample);
  for (const one of payload.Details) Object.assign(one, detail);
  return ["call.completed", payload];
}

test("the same drift of many pushes is one group; each push counts once", async () => {
  const { pushes, drifting, withoutSchema, groups } = await summarize([
    call({}),
    call({ Brand: "x" }, "call.completed/details-two"),
    call({ Brand: 1, RingType: "voicemail" }),
    call({ Brand: null }),
    call({ Brand: "y" }),
    ["dialer.task", { ...payloadOf("dialer.task/running"), Brand: "x" }],
  ]);
  assert.deepEqual([pushes, drifting, withoutSchema], [6, 5, 0]);
  assert.deepEqual(groups, [
    {
      type: "call.completed",
      path: "/Details/*/Brand",
      kind: "unknown_field",
      count: 4,
      first: "2026-01-31T08:02:00.000Z",
      last: "2026-01-31T08:05:00.000Z",
      pushes: ["#2", "#3", "#4"],
      expected: "no such field",
      got: ["string", "integer", "null"],
      values: [],
      hidden: 0,
    },
    {
      type: "call.completed",
      path: "/Details/*/RingType",
      kind: "unknown_value",
      count: 1,
      first: "2026-01-31T08:03:00.000Z",
      last: "2026-01-31T08:03:00.000Z",
      pushes: ["#3"],
      expected:
        'one of busy, cantuse, holdline, switchoff, outofarea, unregister, wrongnum, notmatch, normal, "null", "", null',
      got: ["string"],
      values: [],
      hidden: 1,
      uncovered: "the value is redacted: --reveal includes it",
    },
    {
      type: "dialer.task",
      path: "/Brand",
      kind: "unknown_field",
      count: 1,
      first: "2026-01-31T08:06:00.000Z",
      last: "2026-01-31T08:06:00.000Z",
      pushes: ["#6"],
      expected: "no such field",
      got: ["string"],
      values: [],
      hidden: 0,
    },
  ]);
});

test("a field name that looks like a phone number is hidden, and left out of the patch, unless revealed", async () => {
  const push = call({ "+62811000001": "x", 3201012345678901: "x" });
  const hidden = await summarize([push]);
  assert.deepEqual(
    hidden.groups.map(({ path, uncovered }) => [path, uncovered]),
    [["/Details/*/<hidden>", "its name is redacted: --reveal includes it"]],
  );
  assert.equal(/62811|320101/.test(JSON.stringify(hidden)), false);
  const revealed = await summarize([push], { reveal: true });
  assert.equal(revealed.groups.length, 2);
  assert.match(JSON.stringify(revealed.patches), /properties\/\+62811000001/);
});

test("first and last are determined by time, not by the order of the pushes", async () => {
  const [name, payload] = call({ Brand: "x" });
  const day = 24 * 60;
  const pushes = [5 + day, 2, 9 + 2 * day].map((minutes, i) => ({
    ...pushOf(name, payload, minutes),
    label: `#${i + 1}`,
  }));
  const { groups, patches } = await summarizeDrift(pushes, { schemas: publishedSource });
  assert.deepEqual([groups[0]?.first, groups[0]?.last], [pushes[1]?.at, pushes[2]?.at]);
  assert.deepEqual(groups[0]?.pushes, ["#1", "#2", "#3"]);
  assert.match(JSON.stringify(patches), /first seen 2026-01-31\./);
});

const values: [value: unknown, isShown: boolean][] = [
  ["voicemail", false],
  ["Budi Santoso", false],
  ["a.b_c-9", false],
  ["", true],
  [null, true],
  [false, true],
  ["+4915112345678", false],
  ["9 lives", false],
  ["jane@example.com", false],
  ["a".repeat(41), false],
  ["zeile\nzwei", false],
  [4915112345678, false],
];

for (const [value, isShown] of values) {
  test(`an unknown value ${JSON.stringify(value)} is ${isShown ? "shown" : "hidden, and left out of the patch, unless revealed"}`, async () => {
    const cases = [call({ Status: value })];
    const summary = await summarize(cases);
    const [group] = summary.groups;
    assert.deepEqual(group?.values, isShown ? [value] : []);
    assert.equal(group?.hidden, isShown ? 0 : 1);
    assert.equal(group?.uncovered, isShown ? undefined : "the value is redacted: --reveal includes it");
    const printed = [...driftLines(summary), ...driftEvents(summary).map((event) => JSON.stringify(event))].join("\n");
    if (!isShown) assert.equal(printed.includes(String(value)), false, printed);

    const revealed = await summarize(cases, { reveal: true });
    assert.deepEqual(revealed.groups[0]?.values, [value]);
    assert.equal(revealed.groups[0]?.uncovered, undefined);
    const added = revealed.patches[0]?.patch.at(-1);
    assert.equal(added?.op, "add");
    assert.deepEqual(added?.value, value);
  });
}

test("values of fields without a list of values are never shown, not even with reveal", async () => {
  const cases = [call({ CallTimes: "Jane Doe", Brand: "Jane Doe", Variables: { name: 4915112345678 } })];
  for (const reveal of [false, true]) {
    const summary = await summarize(cases, { reveal });
    assert.equal(summary.groups.length, 3);
    const printed = [...driftLines(summary), JSON.stringify(driftEvents(summary))].join("\n");
    assert.equal(/Jane|4915/.test(printed), false, printed);
  }
});

test("keys that the schema does not name share one path", async () => {
  const { groups } = await summarize([call({ Variables: { a: 1, b: 2 } }), call({ Variables: { c: null } })]);
  assert.deepEqual(
    groups.map(({ path, count, got }) => [path, count, got]),
    [["/Details/*/Variables/*", 2, ["integer", "null"]]],
  );
});

test("a very long name is cut in the path and complete in the patch", async () => {
  const name = "x".repeat(5_000);
  const { groups, patches } = await summarize([call({ [name]: 1 })], { reveal: true });
  assert.equal(groups[0]?.path, `/Details/*/${"x".repeat(64)}`);
  assert.equal(patches[0]?.patch[0]?.path, `/properties/Details/items/properties/${name}`);
});

test("pushes without a schema are counted and skipped; the recorded type decides which schema is used", async () => {
  const body = (text: string): Omit<RecordedPush, "type"> => ({
    label: "#1",
    at: "2026-01-31T08:00:00.000Z",
    headers: {},
    body: Buffer.from(text),
  });
  const infoCheck = '{"TaskID":7}';
  const pushes: RecordedPush[] = [
    body('{"hello":1}'),
    body("not JSON"),
    body("[]"),
    { ...body("{}"), type: "unknown" },
    { ...body("{}"), type: "from.the.future" },
    body(infoCheck),
    { ...body(infoCheck), type: "call.completed.info_check" },
  ];
  const { withoutSchema, drifting, groups } = await summarizeDrift(pushes, { schemas: publishedSource });
  assert.deepEqual([withoutSchema, drifting], [6, 1]);
  assert.deepEqual(
    groups.map(({ type, path }) => [type, path]),
    [["call.completed.info_check", "/TaskID"]],
  );
});

test("driftLines: each group, the JSON patch of each file, and a total", async () => {
  const summary = await summarize([
    call({ RingType: "voicemail" }),
    call({ Status: "+491511234567" }),
    call({}),
    ["call.completed", { ...payloadOf("call.completed/answered"), "\u001b[31m\u009b": 1 }],
  ]);
  const lines = driftLines(summary);
  const text = lines.join("\n");
  assert.match(text, /^call\.completed {2}\/Details\/\*\/RingType {2}unknown value {2}1 push$/m);
  assert.match(text, /^ {2}got {7}string$/m);
  assert.match(text, /^ {2}left out {2}of the schema patch: the value is redacted: --reveal includes it$/m);
  assert.equal(lines.at(-1), "3 drifts in 3 of 4 pushes");
  assert.equal(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text), false);
  const revealed = await summarize([call({ RingType: "voicemail" })], { reveal: true });
  const patchLines = driftLines(revealed);
  assert.match(patchLines.join("\n"), /^ {2}got {7}string: "voicemail"$/m);
  const from = patchLines.indexOf("Schema patch, airudder-webhooks/schemas/call.completed.json:");
  assert.deepEqual(
    JSON.parse(patchLines.slice(from + 1, patchLines.indexOf("]", from) + 1).join("\n")),
    revealed.patches[0]?.patch,
  );
  assert.deepEqual(driftLines(await summarize([call({})])), ["no drift in 1 push"]);
});

test("driftEvents: one object for each group, then one for each file", async () => {
  const events = driftEvents(await summarize([call({ RingType: "voicemail" })], { reveal: true })) as Record<
    string,
    unknown
  >[];
  assert.deepEqual(
    events.map(({ event }) => event),
    ["drift", "patch"],
  );
  assert.deepEqual(events[1], {
    event: "patch",
    file: "airudder-webhooks/schemas/call.completed.json",
    patch: [{ op: "add", path: "/properties/Details/items/properties/RingType/enum/-", value: "voicemail" }],
  });
});

const broken: [about: string, files: Record<string, string>, message: RegExp][] = [
  ["no JSON", { "a.json": "{" }, /^The schema a\.json is not JSON\.$/],
  ["not there", {}, /^The schema a\.json cannot be read\.$/],
  [
    "a reference to a missing definition",
    { "a.json": '{"$ref":"b.json#/x"}', "b.json": "{}" },
    /^a\.json# refers to b\.json#\/x, which/,
  ],
  ["a circular reference", { "a.json": '{"$ref":"a.json"}' }, /leads back to itself/],
];

for (const [about, files, message] of broken) {
  test(`a broken schema (${about}) is reported in one line`, async () => {
    const schemas = {
      fileOf: () => "a.json",
      read: (file: string) => {
        if (files[file] === undefined) throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
        return files[file];
      },
    };
    const [name, payload] = call({});
    const result = summarizeDrift([pushOf(name, payload)], { schemas });
    await assert.rejects(result, { code: "bad_schema", exit: 2, message });
  });
}
