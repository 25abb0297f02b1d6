import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { describePush } from "airudder-webhooks/inspect";
import { Redactor } from "../../../devproxy/src/privacy/index.js";

const redactor = new Redactor("secret", false);

/** A push as `show` prints it. */
function printed(body: string | Buffer, headers = {}, by = redactor): string {
  const bytes = Buffer.from(body);
  return JSON.stringify(by.push(describePush(bytes, headers), bytes, headers));
}

/** A push of a sample, with fields added to the push and to its first call. */
function sampleWith(fields: object, ofCall: object = {}): string {
  const text = readFileSync(new URL("../../../schemas/samples/call.completed/answered.json", import.meta.url), "utf8");
  const push = JSON.parse(text);
  Object.assign(push, fields);
  Object.assign(push.Details[0], ofCall);
  return JSON.stringify(push);
}

test("equal values have equal placeholders, which differ between journals", () => {
  const call = { CalleeNumber: "+62000000001", RedailCall: [{ callee_number: "+62000000001" }] };
  const push = sampleWith({}, call);
  const placeholders = (text: string) =>
    [...text.matchAll(/"(?:CalleeNumber|callee_number)":"(<phone:[0-9a-f]{6}>)"/g)].map(
      ([, placeholder]) => placeholder,
    );
  const found = placeholders(printed(push));
  assert.equal(found.length, 2);
  assert.equal(found[0], found[1]);
  const other = placeholders(printed(push, {}, new Redactor("other", false)));
  assert.equal(other.length, 2);
  assert.notEqual(other[0], found[0]);
});

test("personal values are redacted; values that debugging needs are not", () => {
  const { Details, ...fields } = {
    TaskID: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
    TaskName: "my flow",
    Details: [
      {
        CallID: "c0ffee00c0ffee00c0ffee00c0ffee00",
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
  const text = printed(sampleWith(fields, Details[0]));
  for (const kept of [
    "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
    "c0ffee00c0ffee00c0ffee00c0ffee00",
    "finished",
    "2024-01-31T08:00:00Z",
    '"CallTimes":2',
    "00:00:01",
    '"CalleeGender":""',
  ])
    assert.ok(text.includes(kept), kept);
  for (const gone of ["my flow", "New Word", "Jane", "150.00", "yes", "a.mp3", "811", "jane@x", '"n":7', '"x"'])
    assert.equal(text.includes(gone), false, gone);
});

test("no phone number, name or transcript of any sample is printed", () => {
  const root = new URL("../../../schemas/samples/", import.meta.url);
  const personal =
    /CalleeName|calleeNumber|CalleeNumber|caller_number|callee_number|phoneNumber|mainNumber|contactName|robottext|recLink|callee_name|BorrowedAmount/;
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".json"),
  )) {
    const text = readFileSync(new URL(file.replaceAll("\\", "/"), root), "utf8");
    const output = printed(text);
    const values: string[] = [];
    JSON.parse(text, (name, value) => {
      if (personal.test(name) && typeof value === "string" && value.length > 3) values.push(value);
      return value;
    });
    for (const value of values) assert.equal(output.includes(JSON.stringify(value)), false, `${file}: ${value}`);
  }
});

test("secrets in headers and all values of a query are redacted, unless the redactor is off", () => {
  assert.match(redactor.url("/?token=abc&x=1&key=k&e="), /^\/\?token=<hidden>&x=<text:\w+>&key=<hidden>&e=$/);
  assert.match(
    redactor.url("/a/+62811000001?phone=%2B62811000001&name=Budi+S&calleeName=Budi&j@x.test"),
    /^\/a\/<phone:(\w+)>\?phone=<phone:\1>&name=<text:\w+>&calleeName=<text:\w+>&<email:\w+>$/,
  );
  assert.equal(redactor.url("/?phone=+62811000001"), redactor.url("/?phone=%2B62811000001"));
  assert.deepEqual(redactor.headers({ authorization: "Bearer x", "x-auth": "x", "content-type": "application/json" }), {
    authorization: "<hidden>",
    "x-auth": "<hidden>",
    "content-type": "application/json",
  });
  assert.match(String(redactor.headers({ "x-a": "1" })["x-a"]), /^<text:\w+>$/);
  assert.match(String(redactor.headers({ "content-type": "text/Budi" })["content-type"]), /^<text:\w+>$/);
  const off = new Redactor("s", true);
  assert.equal(off.url("/?token=abc&name=Budi"), "/?token=abc&name=Budi");
  assert.equal(off.text("+62811000001"), "+62811000001");
  assert.equal(printed('{"CalleeName":"J"}', {}, off), '{"CalleeName":"J"}');
});

test("a signature, which signs every push of its task, has the same placeholder in a body and in its header", () => {
  const body = printed(sampleWith({ Sign: "0123456789abcdef0123456789abcdef" }));
  const [, sign] = /"Sign":"(<signature:\w+>)"/.exec(body) ?? [];
  assert.ok(sign, body);
  assert.deepEqual(redactor.headers({ "x-airudder-sign": "0123456789abcdef0123456789abcdef" }), {
    "x-airudder-sign": sign,
  });
});

const within: [string, RegExp][] = [
  ["call +62 811-000-0001 now", /^call <phone:\w+> now$/],
  ["wa:+62811000001,+62811000002", /^wa:<phone:\w+>,<phone:\w+>$/],
  ["to%2B62811000001", /^to<phone:\w+>$/],
  ["ask jane.doe+x@mail.x.test.", /^ask <email:\w+>\.$/],
  ["<jane%40x.test>", /^<<email:\w+>>$/],
  ["+62811000001", /^<phone:\w+>$/],
];
const national: [string, RegExp][] = [
  ["call 0812-3456-7890 now", /^call <phone:\w+> now$/],
  ["(021) 555 0123", /^<phone:\w+>$/],
  ["no 08123456789.", /^no <phone:\w+>\.$/],
  ["cust0812345678", /^cust<phone:\w+>$/],
  ["021/5550123, 3201012345678901", /^<phone:\w+>$|^<phone:\w+>, <phone:\w+>$/],
];
const readable = [
  "push 0mwtvgvcd000012345678abcd failed",
  "connection refused (127.0.0.1:54321, ECONNREFUSED)",
  "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
  "2024-01-31T08:00:00+0700",
  "2024-01-31T08:00:00.123+07:00",
  "C++ 2024",
  "+1 234",
  "a @ b",
];

test("in a text of the dev proxy, only phone numbers and e-mail addresses are redacted", () => {
  for (const [text, expected] of [...within, ...national]) {
    assert.match(redactor.text(text), expected);
    const fields = JSON.parse(printed(sampleWith({ TaskName: text }, { Status: text })));
    assert.match(fields.TaskName, /^<label:\w+>$/);
    assert.match(fields.Details[0].Status, /^<\w+:\w+>$/);
    assert.equal(/6281100|0812|5550123/.test(printed(sampleWith({}, { Variables: { [text]: "" } }))), false, text);
    assert.match(String(redactor.headers({ "x-a": text })["x-a"]), /^<\w+:\w+>$/);
  }
  for (const text of readable) assert.equal(redactor.text(text), text);
});

test("hexadecimal ids, UUIDs and push ids are printed; placeholders replace other ids", () => {
  for (const id of ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "0F1E2D3C-4B5A-4978-8796-A5B4C3D2E1F0"])
    assert.equal(redactor.id(id), id);
  for (const id of ["3201012345678901", "deadbeef", "Budi Santoso", "7777777.0", "cust-1", "+62811000001"])
    assert.match(redactor.id(id), /^<id:[0-9a-f]{12}>$/);
  for (const id of ["0mwtvgvcd000012345678abcd", "push-1", "0190-recorded"]) assert.equal(redactor.pushId(id), id);
  assert.match(redactor.pushId("0812-3456-7890"), /^<id:/);
  assert.equal(
    redactor.subject("call.completed|0f1e2d3c4b5a69788796a5b4c3d2e1f0|Budi"),
    `call.completed|0f1e2d3c4b5a69788796a5b4c3d2e1f0|${redactor.id("Budi")}`,
  );
});

test("a long text with many possible starts of numbers or addresses is redacted in linear time", () => {
  for (const piece of ["a", "1", "+1 ", "a.", "a@", "%40", "+", "a@b."]) {
    assert.equal(typeof redactor.text(piece.repeat(100_000)), "string");
  }
});

test("a body that is not JSON is not printed", () => {
  assert.match(printed("call +62811000001"), /^"<17 bytes that are not JSON: --reveal shows them, --raw writes them>"/);
  assert.match(String(redactor.response(Buffer.from([0xff]))), /^<1 bytes that are not text>$/);
});

test("undocumented fields are redacted, whatever their name; documented fields beside them are not", () => {
  const stray = {
    newName: "Jane",
    wa_id: "62811000001",
    nik: 3201012345678901,
    dob: "1990-01-01",
    tries: 3,
    note: ["x y"],
  };
  for (const push of [sampleWith(stray), sampleWith({}, stray), sampleWith({}, { more: { deep: stray } })]) {
    const output = printed(push);
    assert.match(
      output,
      /"newName":"<text:\w+>","wa_id":"<phone:\w+>","nik":"<number:\w+>","dob":"<text:\w+>","tries":"<number:\w+>","note":\["<text:\w+>"\]/,
    );
    assert.match(output, /"Status":"finished"/);
  }
});

test("a documented field with an undocumented value is redacted", () => {
  const text = printed(sampleWith({ TaskName: { who: "Jane" } }, { Status: "62811000001", RingType: 62811000001 }));
  assert.match(text, /"TaskName":{"who":"<text:\w+>"}/);
  assert.match(text, /"Status":"<phone:\w+>"/);
  assert.match(text, /"RingType":"<phone:\w+>"/);
});

test("all values of a body of no known type and of a free-form field are redacted", () => {
  assert.match(
    printed('{"who":"Jane","n":7,"ok":true,"no":null}'),
    /^{"who":"<text:\w+>","n":"<number:\w+>","ok":true,"no":null}$/,
  );
  assert.match(printed('["Jane"]'), /^\["<text:\w+>"\]$/);
  assert.match(
    printed(sampleWith({}, { EventLabel: { a: "Jane", b: 1 } })),
    /"EventLabel":{"a":"<label:\w+>","b":"<label:\w+>"}/,
  );
});

test("keys that are phone numbers or e-mail addresses are redacted", () => {
  const text = printed(
    sampleWith({}, { Variables: { "+62811000001": "", "62811000002": "", "j@x.test": "", cust_123456: "", city: "" } }),
  );
  assert.match(text, /"Variables":{"<phone:\w+>":"","<phone:\w+>":"","<email:\w+>":"","<key:\w+>":"","city":""}/);
  for (const gone of ["62811", "j@x", "123456"]) assert.equal(text.includes(gone), false, gone);
  assert.match(printed(sampleWith({}, { Variables: { "Jane +62 811-000-0001": "" } })), /"Variables":{"<key:\w+>":""}/);
  assert.match(redactor.path("/Details/0/+62811000001"), /^\/Details\/0\/<phone:\w+>$/);
});

test("a compressed push is printed decompressed", () => {
  const text = sampleWith({});
  assert.equal(printed(gzipSync(text), { "content-encoding": "gzip" }), printed(text));
  assert.match(printed(text), /"Status":"finished"/);
});

test("of an app's error response, the code is printed, and the message without the push's values", () => {
  const response = (value: unknown, payload?: unknown) =>
    JSON.stringify(redactor.response(Buffer.from(JSON.stringify(value)), payload));
  const rejection = { error: { code: "bad_token", message: "The token of Jane Doe is wrong." } };
  assert.match(response(rejection), /^{"error":{"code":"bad_token","message":"<message:\w+>"}}$/);
  assert.match(response(rejection, { who: "Jane Doe" }), /"message":"The token of <value:\w+> is wrong\."/);
  assert.match(response({ error: { code: "Jane", message: 7 } }), /{"code":"<text:\w+>","message":"<number:\w+>"}/);
  assert.match(
    response({ saved: "Jane", count: 3, ok: true }),
    /^{"saved":"<text:\w+>","count":"<number:\w+>","ok":true}$/,
  );
  assert.equal(redactor.responsePart("bad_token", "/error/code"), "bad_token");
  assert.match(
    JSON.stringify(redactor.responsePart(rejection.error, "/error")),
    /^{"code":"bad_token","message":"<message:/,
  );
  assert.match(String(redactor.responsePart("Jane", "/saved")), /^<text:/);
});

test("a phone number in a query or a header is redacted", () => {
  assert.match(redactor.url("/?to=%2B62811000001&x=1"), /^\/\?to=<phone:\w+>&x=<text:\w+>$/);
  assert.match(String(redactor.headers({ "x-callee": "+62811000001" })["x-callee"]), /^<phone:/);
  assert.equal(redactor.headers({ "x-auth-token": "abc" })["x-auth-token"], "<hidden>");
});
