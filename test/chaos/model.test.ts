import assert from "node:assert/strict";
import { test } from "node:test";
import { directModel, inboxModel } from "../../scripts/chaos/model.js";
import type { Mutation } from "../../scripts/child.js";

test("direct mode meets its invariants over a random sequence of pushes, failures, late responses and clock steps", async () => {
  assert.deepEqual((await directModel(2_000)).violations, []);
});

test("the file inbox meets its invariants over a random sequence of pushes, kills, takeovers, clock steps and damage (takeovers: not on Windows)", async () => {
  assert.deepEqual((await inboxModel(800)).violations, []);
});

const src = "middleware/src";
const inboxRules: [string, Mutation[], Record<string, number>, RegExp][] = [
  [
    "ids use the time of a clock that was set back",
    [{ file: `${src}/push/id.ts`, from: "if (now > last) {", to: "if (now !== last) {" }],
    { clock: 200 },
    /assigned twice/,
  ],
  [
    "a rewritten line counts as its subject's last push",
    [{ file: `${src}/inbox/file/unfinished.ts`, from: "&& !isRewritten", to: "" }],
    { close: 30 },
    /treated as a duplicate of/,
  ],
  [
    "a takeover continues in its predecessor's segment, and the predecessor writes at a remembered offset",
    [
      {
        file: `${src}/journal/writer.ts`,
        from: "else if (this.lock.previousOwners.mayStillRun) await this.#startAfterTakeover(last, seq);",
        to: "",
      },
      {
        file: `${src}/journal/segment-file.ts`,
        from: "constants.O_WRONLY | constants.O_APPEND);",
        to: "constants.O_WRONLY);",
      },
      {
        file: `${src}/journal/segment-file.ts`,
        from: "constants.O_WRONLY | constants.O_APPEND | ",
        to: "constants.O_WRONLY | ",
      },
      {
        file: `${src}/journal/segment-file.ts`,
        from: 'return file.size === this.bytes ? "own" : "shared";',
        to: 'return "own";',
      },
      {
        file: `${src}/journal/segment-file.ts`,
        from: "write(fd, bytes, 0, bytes.length, null,",
        to: "write(fd, bytes, 0, bytes.length, at,",
      },
      {
        file: `${src}/journal/segment-file.ts`,
        from: "function writeTo(fd: number, bytes: Buffer)",
        to: "function writeTo(fd: number, bytes: Buffer, at: number)",
      },
      {
        file: `${src}/journal/segment-file.ts`,
        from: "await writeTo(fd, done === 0 ? lines : lines.subarray(done));",
        to: "await writeTo(fd, done === 0 ? lines : lines.subarray(done), this.bytes + done);",
      },
    ],
    { takeover: 60 },
    /is lost|never finished|did not open/,
  ],
];
for (const [rule, mutations, weights, expected] of inboxRules) {
  const skip = rule.startsWith("a takeover") && process.platform === "win32";
  test(`the model detects a fault: ${rule}`, { skip }, async () => {
    const { violations } = await inboxModel(3_000, { mutations, weights, stepsOfRun: 150 });
    assert.match(violations.join("\n"), expected);
  });
}

const retry: Mutation = {
  file: `${src}/receiver/duplicates.ts`,
  from: "if (this.#isExpectedRetry(subject, digest)) return true;",
  to: "if (pending === undefined && this.#isExpectedRetry(subject, digest)) return true;",
};
test("the model detects a fault: the vendor's retry of a late push is not recognised while another push of its subject is pending", async () => {
  assert.match((await directModel(20_000, [retry])).violations.join("\n"), /was handled \d times/);
});
