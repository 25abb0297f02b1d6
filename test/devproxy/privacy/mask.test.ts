import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Curtain } from "../../../devproxy/src/privacy/curtain.js";
import { Mask } from "../../../devproxy/src/privacy/mask.js";

const mask = new Mask("secret");

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
    workflow_name: "my flow",
    Details: [
      {
        CallID: "c1",
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
  const text = JSON.stringify(mask.value(payload));
  for (const kept of ["t1", "my flow", "c1", '"CallTimes":2', "00:00:01", '"CalleeGender":""'])
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
    const curtain = new Curtain("secret", false);
    const masked = JSON.stringify(curtain.body(Buffer.from(text)));
    const values: string[] = [];
    JSON.parse(text, (name, value) => {
      if (personal.test(name) && typeof value === "string" && value.length > 3) values.push(value);
      return value;
    });
    for (const value of values) assert.equal(masked.includes(JSON.stringify(value)), false, `${file}: ${value}`);
  }
});

test("secrets in headers and queries are hidden, unless the curtain is open", () => {
  const closed = new Curtain("s", false);
  assert.equal(closed.url("/?token=abc&x=1&key=k"), "/?token=<hidden>&x=1&key=<hidden>");
  assert.deepEqual(closed.headers({ authorization: "Bearer x", "x-a": "1" }), {
    authorization: "<hidden>",
    "x-a": "1",
  });
  const open = new Curtain("s", true);
  assert.equal(open.url("/?token=abc"), "/?token=abc");
  assert.deepEqual(open.body(Buffer.from('{"CalleeName":"J"}')), { CalleeName: "J" });
});

test("a body that is not JSON is not shown", () => {
  assert.match(String(new Curtain("s", false).body(Buffer.from("call +62811000001"))), /^<17 bytes that are not JSON/);
});
