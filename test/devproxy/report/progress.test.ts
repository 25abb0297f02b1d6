import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Progress, Screen } from "../../../devproxy/src/report/index.js";

/** A stream that claims to be a terminal or not. */
function streamOf(isTTY: boolean): NodeJS.WriteStream {
  return Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;
}

for (const isTTY of [true, false]) {
  const expectation = isTTY ? "is printed at most five times a second, and its line is cleared" : "is not printed";
  test(`progress ${isTTY ? "on a terminal" : "in a pipe"} ${expectation}`, async (t) => {
    let now = 0;
    t.mock.method(performance, "now", () => now);
    const stream = streamOf(isTTY);
    const progress = new Progress(new Screen(stream), 300_000);
    for (let count = 1_000; count <= 10_000; count += 1_000) {
      now += 50;
      progress.show(count);
    }
    progress.clear();
    stream.end();
    const lines = ["4,000 of 300,000 pushes", "8,000 of 300,000 pushes", ""];
    const expected = lines.map((line) => `\r\u001b[2K${line}`).join("");
    assert.equal(await text(stream as unknown as PassThrough), isTTY ? expected : "");
  });
}
