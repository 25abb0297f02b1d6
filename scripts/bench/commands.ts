import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { newPushId } from "airudder-webhooks";
import { type Journal, openJournal } from "airudder-webhooks/journal";
import { Child, compile } from "../child.js";
import { Client } from "../load/client.js";
import { callCompleted, newCalls } from "../load/pushes.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, spread } from "./table.js";

const BIN = fileURLToPath(new URL("../../devproxy/bin/airudder-devproxy.js", import.meta.url));
const SERVER = "scripts/bench/proxy/server.ts";
const AT_ONCE = 32;
const LARGE_PUSHES = 64;
const LARGE_BYTES = 9_900_000;
/** Delay before memory is measured again. */
const SETTLE_MS = 5_000;

/**
 * The command line with a large journal, each command in its own process. The time includes the start of the process, opening the journal
 * and printing. Memory is the peak resident size of that process.
 */
export default async function benchCommands({ short, pushes }: BenchOptions): Promise<{ rows: Row[] }> {
  const size = pushes ?? (short ? 5_000 : 300_000);
  const [replayed, rounds] = short ? [Math.min(size, 1_000), 2] : [Math.min(size, 30_000), 5];
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SERVER);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const target = `http://127.0.0.1:${port}/webhooks/airudder`;
  const { child: bare, ready: barePort } = await Child.start(compiled, ["http-proxy-middleware", target]);
  const rows: Row[] = [];
  const at = ["--journal", folder];
  const add = (what: string, runs: readonly Run[], most: { s?: number; mb?: number } = {}) => {
    const goal = (limit: number | undefined) => (limit === undefined ? {} : { goal: { most: limit } });
    rows.push({ what, value: spread(runs.map(({ seconds }) => seconds)), unit: " s", ...goal(most.s) });
    rows.push({ what: `${what}: memory`, value: spread(runs.map(({ mb }) => mb)), unit: " MB", ...goal(most.mb) });
  };
  const time = async (count: number, ...args: string[]): Promise<Run[]> => {
    const runs: Run[] = [];
    for (let round = 0; round < count; round++) runs.push(await run([...args, ...at]));
    return runs;
  };
  const ready = async (): Promise<Run> => {
    const listening = await Listening.start(folder, target);
    const found = { seconds: listening.seconds, mb: await listening.residentMb() };
    await listening.stop();
    return found;
  };
  try {
    await fill(folder, size, target);
    const newest = ["list", "--last", "20"];
    add(`list --last 20 of ${size} pushes, no index files`, await time(1, ...newest));
    add("listen ready, no index files", [await ready()]);
    const starts: Run[] = [];
    for (let round = 0; round < rounds; round++) starts.push(await ready());
    add("listen ready", starts, { s: 2, mb: 300 });
    add("list --last 20, alone", await time(rounds, ...newest), { s: 1, mb: 200 });
    add("list --status failed --last 20", await time(rounds, "list", "--status", "failed", "--last", "20"), { s: 2 });
    add("list --task of one push", await time(rounds, "list", "--task", taskOf(size >> 1)), { s: 2 });
    const recent = ["list", "--type", "call.completed", "--since", "10m", "--last", "20"];
    add("list --type --since 10m --last 20", await time(rounds, ...recent), { s: 2 });
    add("list --text of one push", await time(2, "list", "--text", `C${size >> 1}E`));
    add("list --json, read", await time(1, "list", "--json"));
    add("list --json, unread for 3 s", [await run(["list", "--json", ...at], 3_000)], { mb: 400 });
    add("show", await time(rounds, "show", String(size >> 1)));
    add("drift", await time(1, "drift"), { s: 10 });
    add("replay --dry-run of all", await time(1, "replay", "1..", "--dry-run"));
    await benchBeside(folder, target, { rows, add, time: () => time(rounds, ...newest) });
    const ratios: number[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const client = await Client.open(barePort as number, AT_ONCE, newCalls());
      const { requests, seconds } = await client.run(short ? 500 : 5_000);
      client.close();
      const pace = ["--speed", "max", "--concurrency", String(AT_ONCE), "--to", target];
      const replay = await run(["replay", "--last", String(replayed), ...pace, ...at]);
      ratios.push(replayed / replay.seconds / (requests / seconds));
    }
    rows.push({
      what: `replay --speed max of ${replayed}, against load through bare http-proxy-middleware`,
      value: spread(ratios),
      unit: "x",
      goal: { least: 0.5 },
    });
    printRows(rows);
    return { rows };
  } finally {
    await app.kill();
    await bare.kill();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Beside {
  rows: Row[];
  add(what: string, runs: readonly Run[], most?: { s?: number; mb?: number }): void;
  time(): Promise<Run[]>;
}

/** Measures a running `listen`: a list beside it, and its memory after large pushes. */
async function benchBeside(folder: string, target: string, { rows, add, time }: Beside): Promise<void> {
  const listening = await Listening.start(folder, target);
  try {
    add("list --last 20, beside a running listen", await time(), { s: 0.3 });
    const before = await listening.residentMb();
    const body = Buffer.from(`{"text":"${"x".repeat(LARGE_BYTES)}"}`);
    const statuses = await Promise.all(Array.from({ length: LARGE_PUSHES }, () => post(listening.url, body)));
    if (statuses.some((status) => status !== 200))
      throw new Error(`The responses to large pushes were ${statuses.join(", ")}.`);
    const during = await listening.residentMb();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const after = await listening.residentMb();
    const mb = (what: string, value: number, goal?: Row["goal"]): Row => ({
      what: `listen, ${LARGE_PUSHES} pushes of 10 MB at once: resident ${what}`,
      value: spread([value]),
      unit: " MB",
      ...(goal === undefined ? {} : { goal }),
    });
    rows.push(
      mb("before", before),
      mb("right after", during),
      mb(`${SETTLE_MS / 1_000} s later`, after, { most: Math.round(2 * before) }),
    );
  } finally {
    await listening.stop();
  }
}

function post(url: string, body: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const outgoing = request(url, { method: "POST", headers, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    outgoing.on("error", reject).end(body);
  });
}

/** One run of a command. */
interface Run {
  seconds: number;
  /** Peak resident size. */
  mb: number;
}

/** Writes the peak resident size to descriptor 3 at the end, and responds to a message with the present one. */
const PROBE = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from "node:fs";
  process.on("exit", () => { try { writeSync(3, String(process.resourceUsage().maxRSS)); } catch {} });
  process.on("message", () => process.send(process.memoryUsage.rss()));
  process.channel?.unref();
`)}`;

function start(args: readonly string[], output: "ignore" | "pipe"): ChildProcess {
  return spawn(process.execPath, ["--import", PROBE, BIN, ...args], {
    stdio: ["ignore", output, "inherit", "pipe", "ipc"],
  });
}

async function peakMb(child: ChildProcess): Promise<number> {
  let text = "";
  for await (const chunk of child.stdio[3] as Readable) text += chunk;
  return Number(text) / 1_000;
}

/**
 * Runs a command to its end.
 * @param unreadMs time during which its output is not read. Default: its output is discarded
 */
async function run(args: readonly string[], unreadMs?: number): Promise<Run> {
  const begun = performance.now();
  const child = start(args, unreadMs === undefined ? "ignore" : "pipe");
  const peak = peakMb(child);
  const closed = once(child, "close");
  if (unreadMs !== undefined) setTimeout(() => child.stdout?.resume(), unreadMs);
  const [code] = await closed;
  if (code !== 0) throw new Error(`airudder-devproxy ${args.join(" ")} ended with ${code}.`);
  return { seconds: (performance.now() - begun) / 1_000, mb: await peak };
}

/** A `listen` in its own process. */
class Listening {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    /** Time from its start to `ready`. */
    readonly seconds: number,
  ) {}

  static async start(folder: string, target: string): Promise<Listening> {
    const begun = performance.now();
    const child = start(["listen", "--json", "--tunnel", "none", "--target", target, "--journal", folder], "pipe");
    const lines = createInterface({ input: child.stdout as Readable });
    const [line] = await once(lines, "line");
    return new Listening(child, JSON.parse(line).local, (performance.now() - begun) / 1_000);
  }

  async residentMb(): Promise<number> {
    this.child.send("rss");
    const [bytes] = await once(this.child, "message");
    return bytes / 1_000_000;
  }

  async stop(): Promise<void> {
    const closed = once(this.child, "close");
    this.child.kill("SIGTERM");
    await closed;
  }
}

function taskOf(index: number): string {
  return `490d5ec3c1${String(index).padStart(16, "0")}`;
}

/** Calls of as many tasks, each delivered, one in ten refused by the app. */
async function fill(folder: string, size: number, target: string): Promise<void> {
  const journal = await openJournal(folder);
  const template = callCompleted("TASK", "CALL");
  for (let first = 0; first < size; first += 1_000) {
    await Promise.all(
      Array.from({ length: Math.min(1_000, size - first) }, (_, i) => record(journal, template, first + i, target)),
    );
  }
  await journal.close();
}

async function record(journal: Journal, template: string, index: number, target: string): Promise<void> {
  const task = taskOf(index);
  const call = `C${index}E`;
  const body = Buffer.from(template.replace('"TASK"', `"${task}"`).replace('"CALL"', `"${call}"`));
  const id = newPushId();
  const at = new Date().toISOString();
  const sha256 = createHash("sha256").update(body).digest("hex");
  const headers = {
    host: "a.test",
    "content-type": "application/json",
    "user-agent": "Airudder",
    "content-length": String(body.length),
  };
  const subject = `call.completed|${task}|${call}`;
  await journal.append(
    {
      kind: "push",
      id,
      at,
      method: "POST",
      url: "/",
      type: "call.completed",
      verified: true,
      source: "tunnel",
      size: body.length,
      sha256,
      subject,
      task,
      call,
    },
    { headers, body },
  );
  const status = index % 10 === 0 ? 500 : 200;
  await journal.append(
    { kind: "delivery", push: id, at, target, status, ms: 3, cause: "live" },
    { headers: { "content-type": "application/json" }, body: Buffer.from("{}") },
  );
}
