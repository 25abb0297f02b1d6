import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "../helpers/at-end.js";
import { until } from "../helpers/devproxy.js";
import { makeFolder } from "../helpers/folder.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const isWindows = process.platform === "win32";
const DEMO = [process.execPath, "--import", "tsx", "scripts/demo.ts"];

interface Demo {
  child: ChildProcess;
  closed: Promise<number | null>;
  out(): string;
  err(): string;
  /** What the demo has left in its folder for temporary files. */
  left(): string[];
  /** Processes of the demo. */
  processes(): string[];
}

/** Starts the demo in its own process group, with its own folder for temporary files. */
function startDemo(t: TestContext, [program, ...args]: string[]): Demo {
  const temporary = makeFolder(t);
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary, FORCE_COLOR: undefined };
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(program as string, args, {
    cwd: root,
    env,
    stdio: [...stdio],
    detached: !isWindows,
    shell: isWindows,
  });
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const closed = once(child, "close").then(([code]) => code as number | null);
  const list = () => execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" });
  const processes = () =>
    isWindows
      ? []
      : list()
          .split("\n")
          .filter((line) => line.includes(temporary));
  atEnd(t, () => {
    for (const line of processes()) process.kill(Number.parseInt(line, 10), "SIGKILL");
    child.kill("SIGKILL");
  });
  const left = () => readdirSync(temporary).filter((name) => name.startsWith("airudder-demo-"));
  return { child, closed, out: () => out, err: () => err, left, processes };
}

test("without a terminal the demo ends after the last step, and leaves nothing behind", async (t) => {
  const demo = startDemo(t, DEMO);
  assert.equal(await demo.closed, 0, demo.err());
  assert.match(demo.out(), /\n5\. .*\nEvery step succeeded\.\n$/s);
  assert.deepEqual([demo.err(), demo.left(), demo.processes()], ["", [], []]);
});

test("the demo ends silently when the reader of its output ends (not on Windows, where a pipe does not report this)", {
  skip: isWindows,
}, async (t) => {
  const demo = startDemo(t, DEMO);
  await until(() => demo.processes().length === 1);
  demo.child.stdout?.destroy();
  assert.equal(await demo.closed, 0);
  assert.deepEqual([demo.err(), demo.left(), demo.processes()], ["", [], []]);
});

const interrupts: [string, string[], (child: ChildProcess) => void][] = [
  ["Ctrl+C", DEMO, ({ pid }) => process.kill(-(pid as number), "SIGINT")],
  ["SIGTERM of npm", ["npm", "run", "demo"], (child) => child.kill("SIGTERM")],
];

for (const [name, command, interrupt] of interrupts) {
  test(`not on Windows, which has no signals: after ${name} no process and no folder of the demo is left`, {
    skip: isWindows,
  }, async (t) => {
    const demo = startDemo(t, command);
    await until(() => demo.out().includes("\n2. "));
    assert.equal(demo.left().length, 1);
    interrupt(demo.child);
    await until(() => demo.left().length === 0 && demo.processes().length === 0);
    await demo.closed;
    assert.equal(demo.out().includes("Every step succeeded"), false);
    assert.equal(/^\s+at /m.test(demo.err()), false, demo.err());
  });
}
