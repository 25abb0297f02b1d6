import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { describePush } from "airudder-webhooks";
import { Curtain } from "../../../devproxy/src/privacy/curtain.js";
import { groundOf } from "../../../devproxy/src/privacy/ground.js";
import { Mask } from "../../../devproxy/src/privacy/mask.js";

const mask = new Mask("secret");
const closed = new Curtain("secret", false);

/** A push as `show` prints it. */
function shown(body: string | Buffer, headers = {}, curtain = closed): string {
  const bytes = Buffer.from(body);
  return JSON.stringify(curtain.push(describePush(bytes, headers), bytes));
}

/** A push of a sample, with fields added to it and to its first call. */
function sampleWith(fields: object, ofCall: object = {}): string {
  const text = readFileSync(new URL("../../../schemas/samples/call.completed/answered.json", import.meta.url), "utf8");
  const push = JSON.parse(text);
  Object.assign(push, fields);
  Object.assign(push.Details[0], ofCall);
  return JSON.stringify(push);
}

test("the same value has the same placeholder in a journal, and another one in another", () => {
  const masked = mask.value({ CalleeNumber: "+62000000001", RedailCall: [{ callee_number: "+62000000001" }] });
  const text = JSON.stringify(masked);
  const found = [...text.matchAll(/<phone:[0-9a-f]{6}>/g)].map(([one]) => one);
  assert.equal(found.length, 2);
  assert.equal(found[0], found[1]);
  assert.notEqual(new Mask("other").placeholder("phone", "+62000000001"), found[0]);
});

test("what is personal is masked, what is needed for debugging is not", () => {
  const payload = {
    TaskID: "t1",
    TaskName: "my flow",
    Details: [
      {
        CallID: "c1",
        Status: "finished",
        RingType: null,
        HangupType: "New Word",
        CallStartTime: "2024-01-31T08:00:00Z",
        CalleeName: "Jane",
        BorrowedAmount: "150.00",
        CallTimes: 2,
        CalleeGender: "",
        Variables: { anything: "Jane", n: 7, deep: { more: "x" } },
        AsrResult: [{ time: "00:00:01", robottext: "Hello Jane", text: "yes" }],
      },
    ],
    recLink: "https://x.test/a.mp3",
    free: "+62 811-000-0001",
    mail: "jane@x.test",
  };
  const text = JSON.stringify(mask.value(payload, groundOf("call.completed")));
  for (const kept of [
    "t1",
    "my flow",
    "c1",
    "finished",
    "New Word",
    "2024-01-31T08:00:00Z",
    '"CallTimes":2',
    "00:00:01",
    '"CalleeGender":""',
  ])
    assert.ok(text.includes(kept), kept);
  for (const gone of ["Jane", "150.00", "yes", "a.mp3", "811", "jane@x", '"n":7', '"x"'])
    assert.equal(text.includes(gone), false, gone);
});

test("no phone number, name or transcript of any sample is left", () => {
  const root = new URL("../../../schemas/samples/", import.meta.url);
  const personal =
    /CalleeName|calleeNumber|CalleeNumber|caller_number|callee_number|phoneNumber|mainNumber|contactName|robottext|recLink|callee_name|BorrowedAmount/;
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".json"),
  )) {
    const text = readFileSync(new URL(file.replaceAll("\\", "/"), root), "utf8");
    const masked = shown(text);
    const values: string[] = [];
    JSON.parse(text, (name, value) => {
      if (personal.test(name) && typeof value === "string" && value.length > 3) values.push(value);
      return value;
    });
    for (const value of values) assert.equal(masked.includes(JSON.stringify(value)), false, `${file}: ${value}`);
  }
});

test("secrets in headers and queries are hidden, unless the curtain is open", () => {
  assert.equal(closed.url("/?token=abc&x=1&key=k"), "/?token=<hidden>&x=1&key=<hidden>");
  assert.deepEqual(closed.headers({ authorization: "Bearer x", "x-a": "1" }), {
    authorization: "<hidden>",
    "x-a": "1",
  });
  const open = new Curtain("s", true);
  assert.equal(open.url("/?token=abc"), "/?token=abc");
  assert.equal(shown('{"CalleeName":"J"}', {}, open), '{"CalleeName":"J"}');
});

test("a body that is not JSON is not shown", () => {
  assert.match(shown("call +62811000001"), /^"<17 bytes that are not JSON: --reveal shows them, --raw writes them>"/);
  assert.match(String(closed.answer(Buffer.from([0xff]))), /^<1 bytes that are not text>$/);
});

test("what no schema knows is masked, whatever its name, and documented fields beside it are not", () => {
  const stray = {
    newName: "Jane",
    wa_id: "62811000001",
    nik: 3201012345678901,
    dob: "1990-01-01",
    tries: 3,
    note: ["x y"],
  };
  for (const text of [sampleWith(stray), sampleWith({}, stray), sampleWith({}, { more: { deep: stray } })]) {
    const masked = shown(text);
    assert.match(
      masked,
      /"newName":"<text:\w+>","wa_id":"<phone:\w+>","nik":"<number:\w+>","dob":"<text:\w+>","tries":3,"note":\["<text:\w+>"\]/,
    );
    assert.match(masked, /"Status":"finished"/);
  }
});

test("a documented field that holds something else is masked", () => {
  const masked = shown(sampleWith({ TaskName: { who: "Jane" } }, { Status: "62811000001", RingType: 62811000001 }));
  assert.match(masked, /"TaskName":{"who":"<text:\w+>"}/);
  assert.match(masked, /"Status":"<phone:\w+>"/);
  assert.match(masked, /"RingType":"<phone:\w+>"/);
});

test("nothing is shown of a body of no known type, nor of an open or free place", () => {
  assert.match(
    shown('{"who":"Jane","n":7,"ok":true,"no":null}'),
    /^{"who":"<text:\w+>","n":"<number:\w+>","ok":true,"no":null}$/,
  );
  assert.match(shown('["Jane"]'), /^\["<text:\w+>"\]$/);
  assert.match(
    shown(sampleWith({}, { EventLabel: { a: "Jane", b: 1 } })),
    /"EventLabel":{"a":"<text:\w+>","b":"<number:\w+>"}/,
  );
});

test("keys that are the numbers or addresses of someone are masked", () => {
  const masked = shown(
    sampleWith({}, { Variables: { "+62811000001": "", "62811000002": "", "j@x.test": "", cust_123456: "", city: "" } }),
  );
  assert.match(masked, /"Variables":{"<phone:\w+>":"","<phone:\w+>":"","<person:\w+>":"","<text:\w+>":"","city":""}/);
  for (const gone of ["62811", "j@x", "123456"]) assert.equal(masked.includes(gone), false, gone);
  assert.match(closed.path("/Details/0/+62811000001"), /^\/Details\/0\/<phone:\w+>$/);
});

test("a compressed push is shown as what it holds", () => {
  const text = sampleWith({});
  assert.equal(shown(gzipSync(text), { "content-encoding": "gzip" }), shown(text));
});

test("an answer: the error's code is readable, and the message of one of the middleware's; nothing else is", () => {
  const answer = (value: unknown) => JSON.stringify(closed.answer(Buffer.from(JSON.stringify(value))));
  const refusal = '{"error":{"code":"bad_token","message":"The token is wrong."}}';
  assert.equal(answer(JSON.parse(refusal)), refusal);
  assert.match(answer({ error: { code: "no_such", message: "no Jane" } }), /{"code":"no_such","message":"<text:\w+>"}/);
  assert.match(answer({ saved: "Jane", count: 3, ok: true }), /^{"saved":"<text:\w+>","count":3,"ok":true}$/);
  assert.equal(closed.answerPart("bad_token", "/error/code"), "bad_token");
  assert.deepEqual(closed.answerPart(JSON.parse(refusal).error, "/error"), JSON.parse(refusal).error);
  assert.match(String(closed.answerPart("Jane", "/saved")), /^<text:/);
});

test("a phone number in a query or a header is masked", () => {
  assert.match(closed.url("/?to=%2B62811000001&x=1"), /^\/\?to=<phone:\w+>&x=1$/);
  assert.match(String(closed.headers({ "x-callee": "+62811000001" })["x-callee"]), /^<phone:/);
  assert.equal(closed.headers({ "x-auth-token": "abc" })["x-auth-token"], "<hidden>");
});
