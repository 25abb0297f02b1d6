import assert from "node:assert/strict";
import { after, test } from "node:test";
import { parseTimestamp } from "../../../devproxy/src/config/index.js";

const zone = process.env.TZ;
process.env.TZ = "Asia/Jakarta";
after(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const cases: [string, string][] = [
  ["2026-01-31", "2026-01-30T17:00:00Z"],
  ["2026-01-31T08:00", "2026-01-31T01:00:00Z"],
  ["2026-01-31 08:00:59", "2026-01-31T01:00:59Z"],
  ["2026-01-31T08:00Z", "2026-01-31T08:00:00Z"],
  ["2026-01-31T08:00+01:00", "2026-01-31T07:00:00Z"],
];

for (const [text, expected] of cases) {
  test(`${text} in a zone seven hours ahead is ${expected}`, () => {
    assert.equal(parseTimestamp(text, "--since"), Date.parse(expected));
  });
}

test("the error for an invalid date explains the format, and that dates are local", () => {
  for (const text of ["2026-13-01", "2026-01-31x", "31.1.2026", "2026-01-31T", "2026-01-31T99:00"]) {
    assert.throws(
      () => parseTimestamp(text, "--since"),
      { exit: 2, message: /--since .* is not a time.* local time/ },
      text,
    );
  }
});
