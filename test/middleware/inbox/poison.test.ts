import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type Compiled, compile } from "../../../scripts/child.js";
import { makeFolder } from "../../helpers/folder.js";

let fixture: Compiled;
before(async () => {
  fixture = await compile("test/middleware/inbox/poison.fixture.ts");
});
after(() => fixture.remove());

/** Starts the app until it exits with 0, at most `maxStarts` times. Returns the lines of its log. */
function restartUntilDone(t: TestContext, mode: string, maxStarts: number): { lines: string[]; starts: number } {
  const folder = makeFolder(t);
  const [dir, log] = [join(folder, "inbox"), join(folder, "log")];
  let starts = 0;
  for (let status: number | null = 1; status !== 0 && starts < maxStarts; starts++) {
    const args = [fixture.file, dir, log, starts === 0 ? "8" : "0", mode];
    status = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 }).status;
  }
  return { lines: readFileSync(log, "utf8").trim().split("\n"), starts };
}

for (const [how, mode] of [
  ["ends its process", ""],
  ["ends its process, with handlers that are registered after ready()", "late"],
  ["throws outside of its handler, and the app closes the receiver before it exits", "close"],
]) {
  test(`a push that ${how} then runs with no other push in parallel, and is dead after its attempts; seven others are handled`, (t) => {
    const { lines, starts } = restartUntilDone(t, mode as string, 10);
    // One crash among the others, then one for each of its three attempts, which ran alone.
    assert.equal(starts, 5, lines.join("\n"));
    const crashes = lines.filter((line) => line.startsWith("crash"));
    assert.deepEqual(crashes.slice(1), Array(3).fill("crash beside 0"));
    assert.deepEqual(
      lines.filter((line) => line.startsWith("start poison")).map((line) => line.split(" ")[3]),
      ["1", "1", "2", "3"],
      "only attempts that ran alone count",
    );
    const done = new Set(lines.filter((line) => line.startsWith("done")));
    assert.equal(done.size, 7);
    assert.match(lines.at(-1) ?? "", /^dead 1 3 ProcessEnded: The process ended during its attempts/);
  });
}

test("an app that fails shortly after each start makes no push dead", (t) => {
  const folder = makeFolder(t);
  const [dir, log] = [join(folder, "inbox"), join(folder, "log")];
  const start = (count: string, mode: string) =>
    spawnSync(process.execPath, [fixture.file, dir, log, count, mode], {
      timeout: 30_000,
      env: { ...process.env, HANDLER_MS: "300" },
    }).status;
  assert.equal(start("2", "start"), 1);
  for (let i = 0; i < 8; i++) assert.equal(start("0", "start"), 1);
  assert.equal(start("0", ""), 0);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  assert.deepEqual(lines.filter((line) => line.startsWith("done")).sort(), ["done healthy-0", "done healthy-1"]);
  assert.match(lines.at(-1) ?? "", /^dead 0 /);
});
