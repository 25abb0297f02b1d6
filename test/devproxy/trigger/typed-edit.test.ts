import assert from "node:assert/strict";
import { test } from "node:test";
import { sign } from "airudder-webhooks";
import { catalogue, type PushSchema } from "airudder-webhooks/inspect";
import fc from "fast-check";
import { formatPath, parseEdit } from "../../../devproxy/src/replay/index.js";
import { PushBuilder, parseTestType, pathsOf, sampleSource, similarPath, TEST_TYPES } from "./internals.js";

/** The payload of a type after edits. */
function edited(type: string, ...set: string[]): Record<string, never> {
  const source = sampleSource(parseTestType(type), { seed: 1 });
  const { first } = new PushBuilder(source, { set: set.map(parseEdit) });
  return JSON.parse(first.body.toString());
}

const valueAt = (payload: unknown, path: string): unknown =>
  path
    .split(/[.[\]]+/)
    .filter((step) => step !== "")
    .reduce((value, step) => (value as Record<string, unknown> | undefined)?.[step], payload);

const accepted: [type: string, edit: string, path: string, value: unknown][] = [
  ["call.completed", "Details[0].Status=failed", "Details[0].Status", "failed"],
  ["call.completed", "/Details/0/Status=failed", "Details[0].Status", "failed"],
  ["call.completed", "Details[0].CallTimes=3", "Details[0].CallTimes", 3],
  ["call.completed", "Details[0].CallTimes=-3", "Details[0].CallTimes", -3],
  ["call.completed", "Details[0].CaseID=123", "Details[0].CaseID", "123"],
  ["call.completed", "Details[0].CaseID=", "Details[0].CaseID", ""],
  ["call.completed", "Details[0].CalleeName=a=b", "Details[0].CalleeName", "a=b"],
  ["call.completed", "Details[0].RingType=null", "Details[0].RingType", "null"],
  ["call.completed", "Details[0].RingType:=null", "Details[0].RingType", null],
  ["call.completed", "Details[0].RingType=", "Details[0].RingType", ""],
  ["call.completed", "Details[0].Variables.amount=1", "Details[0].Variables.amount", "1"],
  ["call.completed", "Details[0].AsrResult[1].text=Hi", "Details[0].AsrResult[1].text", "Hi"],
  ["call.completed", "Details[0].AsrPTP=yes", "Details[0].AsrPTP", "yes"],
  ["call.completed", 'Details[0].AsrResult:=[{"text":"x"}]', "Details[0].AsrResult", [{ text: "x" }]],
  ["call.completed", 'Details[0].Staus:="failed"', "Details[0].Staus", "failed"],
  ["call.completed", 'Details[0].Status:="fine"', "Details[0].Status", "fine"],
  ["call.completed", 'Details[0].CallTimes:="3"', "Details[0].CallTimes", "3"],
  ["dialer.contact", "pds.body.hangupReason=3", "pds.body.hangupReason", 3],
  ["dialer.contact", "pds.body.hangupReason=many", "pds.body.hangupReason", "many"],
  ["dialer.task.bare", "body.totalNumber=7", "body.totalNumber", 7],
  ["dialer.agent", "pds.body.customizeResults.PTP Amount=5", "pds.body.customizeResults.PTP Amount", "5"],
  ["call.completed.info_check", "anything.else=2", "anything.else", 2],
  ["waba.message.status", "status=read", "status", "read"],
  ["unknown", "a=1", "a", "1"],
  ["dialer.contact", "pds.body.state=HANGUP", "pds.body.state", "HANGUP"],
  ["dialer.contact", 'pds.body.state:="RINGNG"', "pds.body.state", "RINGNG"],
  ["dialer.agent", "pds.body.callType=", "pds.body.callType", ""],
  [
    "call.completed",
    "Details[0].CallStartTime=2026-01-05T02:00:00Z",
    "Details[0].CallStartTime",
    "2026-01-05T02:00:00Z",
  ],
  ["call.completed", 'Details[0].CallStartTime:="yesterday"', "Details[0].CallStartTime", "yesterday"],
  ["dialer.task", "pds.body.endTime=", "pds.body.endTime", ""],
  ["call.completed", 'Details[1]:={"id":1}', "Details[1]", { id: 1 }],
  ["call.completed", "Details[0].AsrResult:=[]", "Details[0].AsrResult", []],
];

for (const [type, edit, path, value] of accepted) {
  test(`--set ${edit} (${type}) sets ${JSON.stringify(value)}`, () => {
    assert.deepEqual(valueAt(edited(type, edit), path), value);
  });
}

const rejected: [type: string, edit: string, message: RegExp][] = [
  ["call.completed", "Details[0].Staus=failed", /no field Details\[0\]\.Staus\. Did you mean Details\[0\]\.Status\?/],
  ["call.completed", "Details[4].Staus=failed", /no field Details\[4\]\.Staus\. Did you mean Details\[4\]\.Status\?/],
  ["call.completed", "/Details/0/staus=failed", /Did you mean Details\[0\]\.Status\?/],
  ["call.completed", "Detials[0].Status=failed", /Did you mean Details\[0\]\.Status\?/],
  ["call.completed", "Status=failed", /Did you mean Details\[0\]\.Status\?/],
  ["call.completed", "taskid=1", /Did you mean TaskID\?/],
  ["call.completed", "Details[0].AsrResult[2].tex=1", /Did you mean Details\[0\]\.AsrResult\[2\]\.text\?/],
  [
    "call.completed",
    "Details[0].Nothing.Alike.There=1",
    /has no field Details\[0\]\.Nothing\.Alike\.There\. To add an unknown/,
  ],
  ["call.completed", "Details.Status=failed", /has no field Details\.Status\. Did you mean Details\[0\]\.Status\?/],
  ["call.completed", "__proto__.x=1", /has no field/],
  ["call.completed", "constructor=1", /has no field/],
  [
    "call.completed",
    "Details[0].Status=fine",
    /takes one of created, pending, finished, cancelled, failed\. .*'Details\[0\]\.Status:="fine"'/,
  ],
  ["call.completed", "Details[0].RingType=loud", /takes one of busy, .*, null, ""\./],
  ["call.completed", "Details[0].CallTimes=three", /takes a whole number\./],
  ["call.completed", "Details[0].CallTimes=1.5", /takes a whole number\./],
  ["call.completed", "Details[0].CallTimes=03", /takes a whole number\./],
  ["call.completed", "Details=x", /takes a list\./],
  ["call.completed", "Details[0].Variables=x", /takes an object\./],
  ["call.completed", 'Details[0].Variables={"a":"b"}', /'Details\[0\]\.Variables:=\{"a":"b"\}'/],
  [
    "call.completed",
    "Details[3].Status=failed",
    /there is no Details\[3\]\.Status in call\.completed\. Details has 1 element/,
  ],
  ["call.completed", "Details[0].Status:=failed", /failed is not valid JSON/],
  ["chatbot.session.ended", "sesion_end_reason=robot", /Did you mean session_end_reason\?/],
  ["dialer.contact", "pds.body.state=RINGNG", /one of CALLING, RINGING, ANSWERED, HANGUP\. Did you mean RINGING\?/],
  ["dialer.contact", "pds.body.state=ringing", /Did you mean RINGING\?/],
  [
    "call.completed",
    "Details[0].CallStartTime=yesterday",
    /takes a time such as 2026-01-05T02:00:00Z\. .*'Details\[0\]\.CallStartTime:="yesterday"'/,
  ],
  ["dialer.task", "pds.body.startTime=1767578400", /takes a time such as/],
  ["dialer.agent", "pds.body.timestamp=now", /takes epoch milliseconds/],
  ["call.completed", "Details[0].Status=faild", /Did you mean failed\?/],
  ["call.completed", "Details[0].RingType=Busy", /Did you mean busy\?/],
  ["call.completed", "Details[0].Foo=1", /has no field Details\[0\]\.Foo\. To add/],
  [
    "call.completed",
    'Details[2]:={"id":1}',
    /Details has 1 element\. Add one with 'Details\[1\]:=\.\.\.', replace the list with 'Details:=\[\.\.\.\]', or use trigger --edit\./,
  ],
  ["call.completed", "Details[1].Status=failed", /Add one with 'Details\[1\]:=/],
  ["call.completed.info_check", "Details=1", /call\.completed\.info_check has no field Details\./],
];

for (const [type, edit, message] of rejected) {
  test(`--set ${edit} (${type}) is rejected`, () => {
    assert.throws(() => edited(type, edit), { exit: 2, message });
  });
}

/** The JSON of a field's value that its schema allows, as text for `--set`. */
const textFor = (types: readonly string[]): string | undefined =>
  types.includes("string") ? "x" : types.includes("integer") ? "5" : undefined;

for (const schema of catalogue) {
  test(`every field of ${schema.name} can be set, and a misspelled one is suggested`, () => {
    const paths = pathsOf(schema);
    for (const path of paths.filter((one) => !/\]$/.test(one))) {
      const broken = path.replace(/.$/, (last) => `${last}q`);
      const steps = broken.split(/[.[\]]+/).filter((step) => step !== "");
      assert.notEqual(similarPath(schema, steps), undefined, broken);
      assert.equal(formatPath(path.split(/[.[\]]+/).filter((step) => step !== "")), path);
    }
    const payload = edited(schema.name);
    for (const path of paths) {
      if (valueAt(payload, path) === undefined || typeof valueAt(payload, path) === "object") continue;
      const shape = shapeOf(schema, path);
      const isFree = shape.enum === undefined && shape.known === undefined && shape.format === undefined;
      const text = isFree ? textFor(shape.type ?? []) : String(shape.enum?.[0] ?? valueAt(payload, path));
      if (text === undefined) continue;
      assert.ok(schema.strict(edited(schema.name, `${path}=${text}`)), path);
    }
  });
}

function shapeOf(schema: PushSchema, path: string): PushSchema["shape"] {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  return steps.reduce(
    (shape, step) => (/^\d+$/.test(step) ? shape.items : shape.properties?.[step]) as PushSchema["shape"],
    schema.shape,
  );
}

test("a set string is the given text, whatever it contains", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(valueAt(edited("call.completed", `Details[0].CalleeName=${text}`), "Details[0].CalleeName"), text);
    }),
    { numRuns: 200 },
  );
});

test("TaskID signs again; Sign is kept as given", () => {
  const source = () => sampleSource(parseTestType("call.completed"), { key: "k" });
  const payload = (options: ConstructorParameters<typeof PushBuilder>[1]) =>
    JSON.parse(new PushBuilder(source(), options).first.body.toString());
  const set = [parseEdit("TaskID=t1")];
  assert.equal(payload({ set, key: "k" }).Sign, sign("t1", "k"));
  assert.equal(payload({ set }).Sign, sign("t1"));
  assert.equal(payload({ set, agreedKey: "k" }).Sign, payload({ set, key: "k" }).Sign);
  assert.equal(payload({ set: [parseEdit("Sign=mine")], key: "k" }).Sign, "mine");
});

test("a wrong type gets the most similar one", () => {
  assert.throws(() => parseTestType("call.complete"), {
    exit: 2,
    message: /Did you mean call\.completed\? Give one of/,
  });
  assert.throws(() => parseTestType("dialer.tsak.bare"), { message: /Did you mean dialer\.task\.bare\?/ });
  assert.throws(() => parseTestType("CALL.COMPLETED"), { message: /Did you mean call\.completed\?/ });
  assert.throws(() => parseTestType("busy-callee", ["busy-callee"]), { message: /Did you mean @busy-callee\?/ });
  assert.throws(() => parseTestType("bussy-callee", ["busy-callee"]), { message: /Did you mean @busy-callee\?/ });
  for (const id of ["#1", "1"])
    assert.throws(() => parseTestType(id), { message: /is not a push type\. To send a recorded push: --from '#1'\./ });
  assert.throws(() => parseTestType("banana"), {
    message: /^"banana" is not a push type\. Give one of call\.completed, /,
  });
  assert.deepEqual(new Set(TEST_TYPES).size, catalogue.length + 1);
});
