import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "./at-end.js";
import { until } from "./devproxy.js";
import { makeFolder } from "./folder.js";

/** Stands in for a test. `end()` runs its hook, as the runner does at the end of a test. */
class EndingTest {
  #hook: () => Promise<void> = async () => undefined;
  readonly context = { after: (hook: () => Promise<void>) => (this.#hook = hook), diagnostic: () => undefined };

  end(): Promise<void> {
    return this.#hook();
  }
}

test("cleanups run in reverse order, all of them run, and a failure is reported", async () => {
  const ending = new EndingTest();
  const t = ending.context as never;
  const folder = makeFolder(t);
  const ended: string[] = [];
  atEnd(t, () => ended.push(`child, folder ${existsSync(folder)}`));
  atEnd(t, () => assert.fail("cannot be closed"));
  atEnd(t, async () => ended.push("app"));
  await assert.rejects(ending.end(), /cannot be closed/);
  assert.deepEqual(ended, ["app", "child, folder true"]);
  assert.equal(existsSync(folder), false);
});

test("a child process that loads exit-with-parent.ts ends with its parent", {
  skip: process.platform === "win32",
}, async (t) => {
  const folder = makeFolder(t);
  const exitWithParent = new URL("./exit-with-parent.ts", import.meta.url).href;
  writeFileSync(join(folder, "child.mjs"), "console.log(process.pid); setInterval(() => {}, 1000);");
  const code = `require("node:child_process").spawn(process.execPath, ${JSON.stringify(["--import", import.meta.resolve("tsx"), "--import", exitWithParent, "child.mjs"])}, { stdio: "inherit" })`;
  const parent = spawn(process.execPath, ["-e", code], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line));
  parent.kill("SIGKILL");
  await until(() => !isRunning(pid));
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
