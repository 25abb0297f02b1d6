import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../../devproxy/src/privacy/index.js";

const redactor = new Redactor("secret", false);
const payload = {
  CalleeName: "Budi (B.) Santoso",
  CalleeNumber: "0812-3456-7890",
  amount: 1250000.5,
  count: 4500,
  tries: 7,
  Details: [{ note: 'says "no" [x] a\\b' }],
  "0812 999": "",
  Comments: "my husband lost his job in may, so I cannot pay",
};

const cases: [what: string, text: string, expected: RegExp][] = [
  ["class and code", "PgError [23505]: duplicate key", /^PgError \[23505\]: duplicate key$/],
  ["a system's code", "Error [ECONNREFUSED]: connect ECONNREFUSED", /^Error \[ECONNREFUSED\]: connect ECONNREFUSED$/],
  ["a value", "TypeError: no Budi (B.) Santoso here", /^TypeError: no <value:\w{6}> here$/],
  ["a value in other letter case", "Error: BUDI (B.) SANTOSO", /^Error: <value:\w{6}>$/],
  ["one word of a name", "Error: Mr. Santoso", /^Error: Mr\. <value:\w{6}>$/],
  ["a phone number of the payload", "Error: 0812-3456-7890", /^Error: <value:\w{6}>$/],
  ["other digits", "Error: 0819 1111 and 62811000", /^Error: <digits:\w{6}> and <digits:\w{6}>$/],
  ["a formatted number", "Error: 4,500 or 4500 or 1,250,000.5", /^Error: <value:\w+> or <value:\w+> or <value:\w+>$/],
  ["an e-mail address", "Error: ask jane@x.test", /^Error: ask <email:\w{6}>$/],
  ["an escaped value", String.raw`Error: {"note":"says \"no\" [x] a\\b"}`, /^Error: \{"note":"<value:\w{6}>"\}$/],
  ["a value in a URL", "Error: GET /x?n=Budi%20(B.)%20Santoso", /^Error: GET \/x\?n=<value:\w{6}>$/],
  ["a key", "Error: key 0812 999", /^Error: key <value:\w{6}>$/],
  ["the start of a sentence", "Error: bad note: my husband lost his ...", /^Error: bad note: <value:\w{6}> \.\.\.$/],
  [
    "what JSON.parse quotes",
    `SyntaxError: Unexpected token 'm', "my husband"... is not valid JSON`,
    /token 'm', "<value:\w{6}>"\.\.\./,
  ],
  ["the last digits of a number", "Error: last4=7890", /^Error: last4=<value:\w{6}>$/],
  ["causes", "Error: a; caused by RangeError: Santoso", /^Error: a; caused by RangeError: <value:\w{6}>$/],
  ["a first word that is not a class", "Santoso: bad", /^<value:\w{6}>: bad$/],
  [
    "stack locations",
    "Error: Santoso\n    at Foo.bar (/app/src/a.js:12:3)\n    at async file:///app/b.mjs:1:22",
    /^Error: <value:\w{6}>\n {4}at Foo\.bar \(\/app\/src\/a\.js:12:3\)\n {4}at async file:\/\/\/app\/b\.mjs:1:22$/,
  ],
  [
    "a phone number in a stack location",
    "Error: x\n    at f (/home/x/84912345678.js:1:1)\n    at file:///u/0849-1234-5678/a.mjs:12:34",
    /^Error: x\n {4}at f \(\/home\/x\/<digits:\w{6}>\.js:1:1\)\n {4}at file:\/\/\/u\/<digits:\w{6}>\/a\.mjs:12:34$/,
  ],
  [
    "an e-mail address in a stack location",
    "Error: x\n    at /u/jane@x.test/a.js:1:2\n    at f (/u/jane@1.2.3-x.test/a.js:1:2)",
    /^Error: x\n {4}at \/u\/<email:\w{6}>\/a\.js:1:2\n {4}at f \(\/u\/<email:\w{6}>\/a\.js:1:2\)$/,
  ],
  [
    "versions, hashes, addresses and lines in stack locations",
    "Error: x\n    at f (/a/.pnpm/express@5.1.0/a.js:12345:678)\n    at http://127.0.0.1:3000/a-0123456789abcdef01.js:1:2",
    /@5\.1\.0\/a\.js:12345:678\)\n {4}at http:\/\/127\.0\.0\.1:3000\/a-0123456789abcdef01\.js:1:2$/,
  ],
];

for (const [what, text, expected] of cases) {
  test(`an error's text is printed without the values of the push: ${what}`, () =>
    assert.match(redactor.error(text, payload), expected));
}

test("without the payload, only class, codes and stack locations of an error are printed", () => {
  assert.match(
    redactor.error("Error [X_Y]: connect ECONNREFUSED to Budi"),
    /^Error \[X_Y\]: ECONNREFUSED <message:\w{6}>$/,
  );
  assert.match(redactor.error("Budi: bad\n    at f (/a.js:1:2)"), /^<message:\w{6}>\n {4}at f \(\/a\.js:1:2\)$/);
});

test("with --reveal, an error is printed unchanged", () => {
  assert.equal(new Redactor("", true).error("Error: Budi", payload), "Error: Budi");
});

test("a long error and a payload with many values are redacted fast", () => {
  const values = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `value number ${i}`]));
  const start = performance.now();
  redactor.error(`Error: ${"1 a@".repeat(100_000)}`, { ...values, long: "x".repeat(5_000_000) });
  assert.ok(performance.now() - start < 5_000);
});
