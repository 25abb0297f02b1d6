import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../../helpers/folder.js";

const fixture = fileURLToPath(new URL("poison.fixture.ts", import.meta.url));

test("a push that ends its process runs alone from then on and is dead after its attempts; seven others are handled", (t) => {
  const folder = makeFolder(t);
  const [dir, log] = [join(folder, "inbox"), join(folder, "log")];
  let starts = 0;
  let status: number | null = 1;
  for (; status !== 0 && starts < 10; starts++) {
    const run = spawnSync(process.execPath, ["--import", "tsx", fixture, dir, log, starts === 0 ? "8" : "0"], {
      encoding: "utf8",
      timeout: 30_000,
    });
    status = run.status;
    if (status !== 0) assert.match(run.stderr, /outside of the handler's promise/);
  }
  const lines = readFileSync(log, "utf8").trim().split("\n");
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
  assert.equal(
    lines.at(-1),
    "dead 1 3 ProcessEnded: The process ended during its attempts, with no other push running.",
  );
});
