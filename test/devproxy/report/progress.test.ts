import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import fc from "fast-check";
import { Progress, progressText, Screen } from "../../../devproxy/src/report/index.js";

/** A stream that claims to be a terminal or not. */
function streamOf(isTTY: boolean): NodeJS.WriteStream {
  return Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;
}

for (const isTTY of [true, false]) {
  const expectation = isTTY ? "is printed at most five times a second, and is cleared" : "is not printed";
  test(`a progress bar ${isTTY ? "on a terminal" : "in a pipe"} ${expectation}`, async (t) => {
    let now = 0;
    t.mock.method(performance, "now", () => now);
    const stream = streamOf(isTTY);
    const progress = new Progress(new Screen(stream), 300_000);
    for (let count = 1_000; count <= 10_000; count += 1_000) {
      now += 50;
      progress.show(count);
    }
    progress.clear();
    progress.clear();
    stream.end();
    const bar = `[${"-".repeat(30)}]  `;
    const lines = [`${bar}4,000 of 300,000 pushes`, `${bar}8,000 of 300,000 pushes`, ""];
    const expected = lines.map((line) => `\r\u001b[2K${line}`).join("");
    assert.equal(await text(stream as unknown as PassThrough), isTTY ? expected : "");
  });
}

test("a line that is printed on the same screen replaces the bar", async () => {
  const stream = streamOf(true);
  const screen = new Screen(stream);
  new Progress(screen, 3).draw(1);
  screen.line("failed");
  screen.line("again");
  stream.end();
  const bar = `[${"#".repeat(10)}${"-".repeat(20)}]  1 of 3 pushes`;
  assert.equal(await text(stream as unknown as PassThrough), `\r\u001b[2K${bar}\r\u001b[2Kfailed\nagain\n`);
});

/** Count, total, elapsed ms, width, and the expected bar. */
const bars: [number, number | undefined, number, number, string][] = [
  [25, 100, 5_000, 60, "[#####----------------]  25 of 100 pushes  5.0/s  15 s left"],
  [25, 100, 5_000, 40, "25 of 100 pushes  5.0/s  15 s left"],
  [100, 100, 5_000, 60, "[##############################]  100 of 100 pushes  20/s"],
  [2_000, 60_000, 4_000, 80, "[#-----------------------------]  2,000 of 60,000 pushes  500/s  2 min left"],
  [2_000, undefined, 4_000, 60, "2,000 pushes  500/s"],
  [1, 3, 10, 60, "[##########--------------------]  1 of 3 pushes"],
  [0, 3, 9_000, 60, "[------------------------------]  0 of 3 pushes"],
];

for (const [count, total, elapsedMs, width, expected] of bars)
  test(`a progress bar with ${count} of ${total} after ${elapsedMs} ms at ${width} columns`, () =>
    assert.equal(progressText({ count, total, elapsedMs, width }), expected));

test("a progress bar is always narrower than the terminal", () => {
  const total = fc.option(fc.nat(10_000_000), { nil: undefined });
  fc.assert(
    fc.property(fc.nat(10_000_000), total, fc.nat(1e9), fc.integer({ min: 2, max: 200 }), (count, all, ms, width) =>
      assert.ok(progressText({ count, total: all, elapsedMs: ms, width }).length < width),
    ),
  );
});
