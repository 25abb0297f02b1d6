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
 * A disk that fills up, and one that cannot be written, on a small tmpfs: nothing is acknowledged that is not stored, refusals say
 * `inbox_unavailable`, and service comes back by itself. Needs Linux and root; skipped, and said, elsewhere.
 * @returns what was missed
 */
export async function diskChaos(): Promise<string[]> {
  const disk = mkdtempSync(join(tmpdir(), "airudder-disk-"));
  if (process.platform !== "linux" || !mount("-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", disk)) {
    rmSync(disk, { recursive: true });
    console.log("SKIP disk full, read-only folder: a tmpfs can be mounted by root on Linux alone");
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
  const refused = during.filter((answer) => answer === "503 inbox_unavailable").length;
  const missed = [
    ...(refused === 0 ? ["nothing was refused"] : []),
    ...during
      .filter((answer) => answer !== "200" && answer !== "503 inbox_unavailable")
      .map((answer) => `answered ${answer}`),
    ...again.filter((answer) => answer !== "200").map((answer) => `answered ${answer} when the disk was well again`),
    ...lost.map((call) => `${call} was acknowledged and never handled`),
  ].map((text) => `${what}: ${text}`);
  console.log(
    `${missed.length > 0 ? "MISS" : "ok  "} ${what}: ${refused} of ${during.length} refused with 503 inbox_unavailable, then ${again.length} of ${again.length} taken again; ${pushes.acknowledged.size} acknowledged, ${lost.length} of them lost`,
  );
  return missed;
}

class Pushes {
  readonly acknowledged = new Set<string>();
  #number = 0;

  constructor(
    public port: number,
    private readonly name: string,
  ) {}

  /** Sends so many pushes, one after the other, and returns how each was answered. */
  async send(count: number): Promise<string[]> {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      const call = `${this.name}-${this.#number++}`;
      const body = callCompleted(this.name, call);
      const headers = { "content-type": "application/json" };
      const response = await fetch(`http://127.0.0.1:${this.port}${PATH}`, { method: "POST", body, headers });
      const text = await response.text();
      if (response.status === 200) this.acknowledged.add(call);
      answers.push(response.status === 200 ? "200" : `${response.status} ${/"code":"(\w+)"/.exec(text)?.[1]}`);
    }
    return answers;
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

/** Takes every byte that is left. */
function fill(path: string): void {
  for (const size of [2 ** 16, 2 ** 10, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full, but for less than that.
    }
  }
}

function mount(...args: string[]): boolean {
  return spawnSync("mount", args).status === 0;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
