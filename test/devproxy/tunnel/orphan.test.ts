import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PidFile } from "../../../devproxy/src/tunnel/index.js";
import { atEnd } from "../../helpers/at-end.js";
import { ListenProcess } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { until } from "../../helpers/until.js";
import { isTreeAlive, killTree } from "./internals.js";

const WINDOWS = process.platform === "win32";
const FIXTURE = fileURLToPath(new URL("./program.fixture.js", import.meta.url));
/** A tunnel program whose public URL is the proxy itself. */
const TUNNEL = `command:"${process.execPath}" "${FIXTURE}" out http://demo.localhost:{port}`;

interface Note {
  pid: number;
  start: string;
}

async function startListen(t: TestContext, dir: string): Promise<{ listening: ListenProcess; note: Note }> {
  const listening = await ListenProcess.start(t, ["--journal", dir, "--tunnel", TUNNEL]);
  const path = join(dir, "tunnel.json");
  await until(() => existsSync(path));
  const note = JSON.parse(readFileSync(path, "utf8")) as Note;
  atEnd(t, () => killTree(note.pid));
  return { listening, note };
}

/** Ends the other processes that a listen started: the watchdog of its tunnel program. */
function endWatchdog(listen: number | undefined, program: number): void {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const children = lines.map((line) => line.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === listen);
  for (const [pid] of children) if (pid !== undefined && pid !== program) process.kill(pid, "SIGKILL");
}

/** A process with a child, in a new process group. */
function startProcess(t: TestContext): number {
  const shell = WINDOWS ? undefined : "/bin/sh";
  const child = spawn(`"${process.execPath}" "${FIXTURE}" out x & wait`, {
    shell: shell ?? true,
    detached: !WINDOWS,
    stdio: "ignore",
  });
  const pid = child.pid as number;
  atEnd(t, () => killTree(pid));
  return pid;
}

test("if listen is killed, its tunnel program ends, with everything that it started", async (t) => {
  const dir = makeFolder(t);
  const { listening, note } = await startListen(t, dir);
  assert.equal(listening.events[0]?.public?.toString().startsWith("http://demo.localhost:"), true);
  assert.ok(isTreeAlive(note.pid));
  await listening.kill();
  await until(() => !isTreeAlive(note.pid));
});

test("the next listen ends a tunnel program that is still running, and reports it (Linux and macOS only)", {
  skip: WINDOWS,
}, async (t) => {
  const dir = makeFolder(t);
  const first = await startListen(t, dir);
  endWatchdog(first.listening.child.pid, first.note.pid);
  await first.listening.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(isTreeAlive(first.note.pid), "the program outlived its parent");
  const second = await startListen(t, dir);
  assert.equal(isTreeAlive(first.note.pid), false);
  // The report arrives through another pipe than the events, possibly after them.
  const report = new RegExp(`^Killed the tunnel program .* \\(process ${first.note.pid}\\)`, "m");
  await until(() => report.test(second.listening.err));
  assert.notEqual(second.note.pid, first.note.pid);
  assert.ok(isTreeAlive(second.note.pid));
});

test("a listen that is stopped ends the program and removes the PID file", async (t) => {
  const dir = makeFolder(t);
  const { listening, note } = await startListen(t, dir);
  if (!WINDOWS) assert.equal(statSync(join(dir, "tunnel.json")).mode & 0o777, 0o600);
  assert.deepEqual(Object.keys(note), ["pid", "start"]);
  await listening.stop();
  await until(() => !isTreeAlive(note.pid));
  // On Windows a signal ends a process immediately: the next start removes the PID file.
  if (!WINDOWS) assert.equal(existsSync(join(dir, "tunnel.json")), false);
});

test("an orphan is ended once, with everything that it started", async (t) => {
  const dir = makeFolder(t);
  const pid = startProcess(t);
  await new PidFile(dir).write(pid);
  assert.equal(await new PidFile(dir).killOrphan(), pid);
  await until(() => !isTreeAlive(pid));
  assert.equal(await new PidFile(dir).killOrphan(), undefined);
});

test("another process with an orphan's id is not ended", async (t) => {
  const dir = makeFolder(t);
  const pid = startProcess(t);
  await new PidFile(dir).write(pid);
  const path = join(dir, "tunnel.json");
  const note = JSON.parse(readFileSync(path, "utf8")) as Note;
  writeFileSync(path, JSON.stringify({ ...note, start: `${note.start}0` }));
  assert.equal(await new PidFile(dir).killOrphan(), undefined);
  assert.ok(isTreeAlive(pid));
});

for (const text of ["", "{", "null", '{"pid":"1","start":"x"}', '{"pid":0,"start":"x"}', '{"pid":-1,"start":"x"}']) {
  test(`a damaged PID file ends no process: ${JSON.stringify(text)}`, async (t) => {
    const dir = makeFolder(t);
    writeFileSync(join(dir, "tunnel.json"), text);
    assert.equal(await new PidFile(dir).killOrphan(), undefined);
  });
}
