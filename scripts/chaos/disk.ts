import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stats } from "airudder-webhooks";
import { Child, type Compiled, compile } from "../child.js";
import { callCompleted, PATH } from "../load/pushes.js";
import type { AppOptions } from "./app.js";

const DISK = "4m";

/**
 * Tests a full and a read-only disk, on a small tmpfs. The app must not acknowledge a push that it has not stored, must respond
 * `inbox_unavailable`, and must accept pushes again afterwards. Needs Linux and root; otherwise it prints that it is skipped.
 * @returns the failures
 */
export async function diskChaos(): Promise<string[]> {
  const disk = mkdtempSync(join(tmpdir(), "airudder-disk-"));
  if (process.platform !== "linux" || !mount("-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", disk)) {
    rmSync(disk, { recursive: true });
    console.log("SKIP disk full, read-only folder: only root on Linux can mount a tmpfs");
    return [];
  }
  const script = await compile("scripts/chaos/app.ts");
  const log = `${disk}.log`;
  try {
    return [...(await full(script, disk, log)), ...(await readOnly(script, disk, log))];
  } finally {
    spawnSync("umount", ["-l", disk]);
    script.remove();
    rmSync(disk, { recursive: true, force: true });
    rmSync(log, { force: true });
  }
}

async function full(script: Compiled, disk: string, log: string): Promise<string[]> {
  const options: AppOptions = { dir: join(disk, "full"), log };
  const filler = join(disk, "filler");
  const { app, port } = await start(script, options);
  const pushes = new Pushes(port, "full");
  await pushes.send(20);
  fill(filler);
  const during = await pushes.send(20);
  await app.kill("SIGKILL");
  const next = await start(script, options);
  pushes.port = next.port;
  const after = await pushes.send(5);
  rmSync(filler);
  await pause(1_500);
  const again = await pushes.send(20);
  await drained(next.app);
  await next.app.kill();
  return report("disk full", [...during, ...after], again, pushes, log);
}

async function readOnly(script: Compiled, disk: string, log: string): Promise<string[]> {
  mount("-o", "remount,ro", disk);
  const { app, port } = await start(script, { dir: join(disk, "read-only"), log });
  const pushes = new Pushes(port, "read-only");
  const during = await pushes.send(10);
  mount("-o", "remount,rw", disk);
  await pause(1_500);
  const again = await pushes.send(20);
  await drained(app);
  await app.kill();
  return report("read-only folder", during, again, pushes, log);
}

function report(what: string, during: string[], again: string[], pushes: Pushes, log: string): string[] {
  const handled = new Set(
    readFileSync(log, "utf8")
      .split("\n")
      .map((line) => line.split(" ")[2]),
  );
  const lost = [...pushes.acknowledged].filter((call) => !handled.has(call));
  const rejected = during.filter((response) => response === "503 inbox_unavailable").length;
  const failures = [
    ...(rejected === 0 ? ["no push was rejected"] : []),
    ...during
      .filter((response) => response !== "200" && response !== "503 inbox_unavailable")
      .map((response) => `response ${response}`),
    ...again
      .filter((response) => response !== "200")
      .map((response) => `response ${response} after the disk was repaired`),
    ...lost.map((call) => `${call} was acknowledged and never handled`),
  ].map((text) => `${what}: ${text}`);
  console.log(
    `${failures.length > 0 ? "FAIL" : "ok  "} ${what}: ${rejected} of ${during.length} rejected with 503 inbox_unavailable, then ${again.length} sent after the repair; ${pushes.acknowledged.size} acknowledged, ${lost.length} of them lost`,
  );
  return failures;
}

class Pushes {
  readonly acknowledged = new Set<string>();
  #number = 0;

  constructor(
    public port: number,
    private readonly name: string,
  ) {}

  /** Sends pushes one after the other, and returns the responses. */
  async send(count: number): Promise<string[]> {
    const responses: string[] = [];
    for (let i = 0; i < count; i++) {
      const call = `${this.name}-${this.#number++}`;
      const body = callCompleted(this.name, call);
      const headers = { "content-type": "application/json" };
      const response = await fetch(`http://127.0.0.1:${this.port}${PATH}`, { method: "POST", body, headers });
      const text = await response.text();
      if (response.status === 200) this.acknowledged.add(call);
      responses.push(response.status === 200 ? "200" : `${response.status} ${/"code":"(\w+)"/.exec(text)?.[1]}`);
    }
    return responses;
  }
}

async function start(script: Compiled, options: AppOptions): Promise<{ app: Child; port: number }> {
  const { child, ready } = await Child.start(script, [JSON.stringify(options)], { flags: ["--no-warnings"] });
  return { app: child, port: ready as number };
}

async function drained(app: Child): Promise<void> {
  const end = Date.now() + 20_000;
  while ((await app.invoke<Stats>("stats")).inbox?.queued !== 0 && Date.now() < end) await pause(50);
}

/** Fills the disk. */
function fill(path: string): void {
  for (const size of [2 ** 16, 2 ** 10, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Less than this size is free.
    }
  }
}

function mount(...args: string[]): boolean {
  return spawnSync("mount", args).status === 0;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
