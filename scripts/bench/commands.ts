import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newPushId } from "airudder-webhooks";
import { type Journal, openJournal } from "airudder-webhooks/journal";
import { Child, compile } from "../child.js";
import { Client } from "../load/client.js";
import { callCompleted, newCalls } from "../load/pushes.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, type Spread, spread } from "./table.js";

const BIN = fileURLToPath(new URL("../../devproxy/bin/airudder-devproxy.js", import.meta.url));
const SERVER = "scripts/bench/proxy/server.ts";
const AT_ONCE = 32;

/** The command line over a large journal, each command in a process of its own: its start, the opening and the printing are in the time. */
export default async function benchCommands({ short }: BenchOptions): Promise<{ rows: Row[] }> {
  const [size, replayed, rounds] = short ? [5_000, 1_000, 2] : [100_000, 30_000, 5];
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SERVER);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const target = `http://127.0.0.1:${port}/webhooks/airudder`;
  const { child: bare, ready: barePort } = await Child.start(compiled, ["http-proxy-middleware", target]);
  try {
    await fill(folder, size, target);
    const time = async (...args: string[]): Promise<Spread> => {
      const seconds: number[] = [];
      for (let round = 0; round < rounds; round++) seconds.push(await run([...args, "--journal", folder]));
      return spread(seconds);
    };
    const rows: Row[] = [
      {
        what: `list --last 20, of ${size} pushes`,
        value: await time("list", "--last", "20"),
        unit: " s",
        goal: { most: 1.5 },
      },
      {
        what: "list --status failed --last 20",
        value: await time("list", "--status", "failed", "--last", "20"),
        unit: " s",
        goal: { most: 2 },
      },
      {
        what: "list --task of one push",
        value: await time("list", "--task", taskOf(size >> 1)),
        unit: " s",
        goal: { most: 2 },
      },
      {
        what: "list --type --since 10m --last 20",
        value: await time("list", "--type", "call.completed", "--since", "10m", "--last", "20"),
        unit: " s",
        goal: { most: 2 },
      },
      {
        what: "list --text of one push",
        value: await time("list", "--text", `C${size >> 1}E`),
        unit: " s",
        goal: { most: 2 },
      },
    ];
    const ratios: number[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const client = await Client.open(barePort as number, AT_ONCE, newCalls());
      const { requests, seconds } = await client.run(short ? 500 : 5_000);
      client.close();
      const replay = [
        "replay",
        "--last",
        String(replayed),
        "--speed",
        "max",
        "--concurrency",
        String(AT_ONCE),
        "--to",
        target,
      ];
      ratios.push(replayed / (await run([...replay, "--journal", folder])) / (requests / seconds));
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

/** Seconds from the start of the command to its end. */
async function run(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`airudder-devproxy ${args.join(" ")} ended with ${code}.`);
  return (performance.now() - start) / 1000;
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
