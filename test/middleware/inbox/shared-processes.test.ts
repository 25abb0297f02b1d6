import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { compile } from "../../../scripts/child.js";
import { atEnd } from "../../helpers/at-end.js";
import { makeFolder } from "../../helpers/folder.js";
import { freePort } from "../../helpers/free-port.js";
import { until } from "../../helpers/until.js";
import { contact, Load, ownerPid, postOnce } from "./shared-load.js";

/** Limit of the time without an owner. The goal is one second; a loaded machine takes longer. */
const PASS_LIMIT_MS = 5_000;

interface App {
  readonly dir: string;
  readonly log: string;
  /** Starts a process, and resolves with its port. */
  start(mode: "worker" | "store" | "work" | "cluster", port?: number): Promise<{ child: ChildProcess; port: number }>;
  ownerPid(): number | undefined;
}

async function makeApp(t: TestContext): Promise<App> {
  const folder = makeFolder(t);
  const [dir, log] = [join(folder, "inbox"), join(folder, "log")];
  writeFileSync(log, "");
  const script = await compile("test/middleware/inbox/shared.fixture.ts");
  atEnd(t, () => script.remove());
  return {
    dir,
    log,
    start: async (mode, wanted = 0) => {
      const child = fork(script.file, [mode, dir, log, String(wanted)], {
        execArgv: [],
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      atEnd(t, () => child.kill("SIGKILL"));
      const port = await new Promise<number>((resolve) =>
        child.once("message", (message: { port: number }) => resolve(message.port)),
      );
      return { child, port };
    },
    ownerPid: () => ownerPid(dir),
  };
}

/** Kills the owner, and resolves with the time until another process owns the folder. Milliseconds. */
async function killOwner(app: App): Promise<number> {
  const before = app.ownerPid();
  const killedAt = performance.now();
  process.kill(before as number, "SIGKILL");
  await until(() => ![undefined, before].includes(app.ownerPid()), PASS_LIMIT_MS);
  return performance.now() - killedAt;
}

test("node:cluster: two workers share a folder; when the owner is killed under load, every acknowledged push is handled in order", async (t) => {
  const app = await makeApp(t);
  const { child, port } = await app.start("cluster", await freePort());
  let workers = 1;
  child.on("message", () => workers++);
  await until(() => workers === 2);
  const load = new Load(() => [port], 8);
  atEnd(t, () => load.stop());
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = load.total;
    await until(() => load.total > before + 100, 20_000);
    times.push(await killOwner(app));
  }
  const before = load.total;
  await until(() => load.total > before + 100, 20_000);
  await load.stop();
  const pids = await load.checkHandled(app.log);
  t.diagnostic(
    `${load.total} pushes; a new owner after ${times.map(Math.round).join(", ")} ms; a push was rejected for at most ${Math.round(load.maxRejectedMs)} ms`,
  );
  assert.ok(pids.size >= 3, `processes that handled: ${[...pids]}`);
  assert.ok(load.maxRejectedMs < PASS_LIMIT_MS);
});

test("identical copies that reach two processes at once are stored once, and A, B, A over two processes are three pushes", async (t) => {
  const app = await makeApp(t);
  const ports = [(await app.start("worker")).port, (await app.start("worker")).port] as const;
  const sent = Array.from({ length: 60 }, (_, i) => contact(`copy${i % 20}`, i));
  for (const body of sent) {
    assert.deepEqual(await Promise.all([postOnce(ports[0], body), postOnce(ports[1], body)]), [200, 200]);
  }
  for (const [i, number] of [1, 2, 1].entries())
    assert.equal(await postOnce(ports[i % 2] as number, contact("aba", number)), 200);
  await until(() => readFileSync(app.log, "utf8").split("\n").length - 1 >= sent.length + 3);
  const lines = readFileSync(app.log, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").slice(1).join(" "));
  assert.deepEqual(
    lines.filter((line) => line.startsWith("aba")),
    ["aba 1", "aba 2", "aba 1"],
  );
  assert.equal(lines.length, sent.length + 3);
});

test("Linux and macOS only: when the owner closes under load, no push is rejected by the other process", {
  skip: process.platform === "win32",
}, async (t) => {
  const app = await makeApp(t);
  const first = await app.start("worker");
  assert.equal(await postOnce(first.port, contact("first", 1)), 200);
  const second = await app.start("worker");
  assert.equal(await postOnce(second.port, contact("first", 2)), 200);
  assert.equal(app.ownerPid(), first.child.pid);
  const load = new Load(() => [second.port], 8);
  atEnd(t, () => load.stop());
  await until(() => load.total > 100);
  const before = load.total;
  const closedAt = performance.now();
  first.child.kill("SIGINT");
  await until(() => app.ownerPid() === second.child.pid, PASS_LIMIT_MS);
  const ms = performance.now() - closedAt;
  await until(() => load.total > before + 100);
  await load.stop();
  await load.checkHandled(app.log);
  t.diagnostic(`a new owner after ${Math.round(ms)} ms`);
  assert.equal(load.maxRejectedMs, 0);
});

test("Linux and macOS only: a process without a server handles what another one stores, and runs until it is closed", {
  skip: process.platform === "win32",
}, async (t) => {
  const app = await makeApp(t);
  const storing = await app.start("store");
  assert.equal(await postOnce(storing.port, contact("a", 1)), 200);
  assert.equal(app.ownerPid(), storing.child.pid);
  const working = await app.start("work");
  const lines = () => readFileSync(app.log, "utf8").trim().split("\n");
  await until(() => lines().includes(`${working.child.pid} a 1`));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(await postOnce(storing.port, contact("a", 2)), 200);
  await until(() => lines().includes(`${working.child.pid} a 2`));
  assert.equal(app.ownerPid(), working.child.pid);
  const ended = once(working.child, "exit", { signal: AbortSignal.timeout(20_000) });
  working.child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
  assert.equal(await postOnce(storing.port, contact("a", 3)), 200);
  assert.equal(app.ownerPid(), storing.child.pid);
});
