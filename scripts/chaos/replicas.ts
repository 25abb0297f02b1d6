import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stats } from "airudder-webhooks";
import { freePort } from "../../test/helpers/free-port.js";
import { Child, type Compiled, compile, type Mutation } from "../child.js";
import { ENGINES, type Engine } from "../engines.js";
import { Random } from "./model/random.js";
import type { AppOptions } from "./replicas/app.js";
import { type Check, check, type Evidence } from "./replicas/check.js";
import { type Database, startDatabase } from "./replicas/database.js";
import { Killer } from "./replicas/killer.js";
import { ReplicaLoad, type Sent } from "./replicas/load.js";
import { planPushes } from "./replicas/plan.js";
import { Replica } from "./replicas/replica.js";
import { RunLogs } from "./replicas/run-logs.js";

const STORING = 4;
const WORKING = 3;
/** How long the database server is down. Milliseconds. */
const DOWN_MS = 500;
/** Time without a handled push after which the test stops waiting. Milliseconds. */
const STUCK_MS = 60_000;

/** Size of a run. */
export interface ReplicasOptions {
  readonly pushes: number;
  /** Maximum time between two kills. Milliseconds. */
  readonly maxRunMs: number;
  /** Time after which another process takes over the pushes of a killed one. Milliseconds. */
  readonly leaseMs: number;
  readonly seed?: number;
  /** Changes of the source code, to test that a check detects them. */
  readonly mutations?: readonly Mutation[];
}

export const SHORT = { pushes: 3_000, maxRunMs: 1_000, leaseMs: 2_000 };
const FULL = { pushes: 100_000, maxRunMs: 3_000, leaseMs: 5_000 };

/** Result of a run. */
export interface ReplicasReport {
  readonly sent: Sent;
  readonly kills: number;
  readonly freezes: number;
  readonly checks: readonly Check[];
  readonly seconds: number;
  readonly runs: Evidence["runs"];
  readonly stored: number;
  readonly effects: number;
}

/**
 * Four processes store pushes and three handle them. They are killed or frozen at random, and the database server is restarted twice: after
 * a clean shutdown and after SIGKILL.
 * @param options.engine default: all
 * @throws if a check fails
 */
export default async function replicasChaos({
  short,
  engine: only,
  seed = 1,
}: {
  short: boolean;
  engine?: string | undefined;
  seed?: number | undefined;
}): Promise<void> {
  const failures: string[] = [];
  for (const engine of ENGINES.filter((name) => only === undefined || name === only)) {
    const size = short ? SHORT : FULL;
    const report = await replicas(engine, { ...size, seed });
    console.log(textOf(engine, seed, report));
    failures.push(...failuresOf(report).map((text) => `${engine}: ${text}`));
  }
  if (failures.length > 0) throw new Error(`the inbox did not meet its guarantees:\n${failures.join("\n")}`);
}

/** The checks that failed. */
export function failuresOf({ checks }: ReplicasReport): string[] {
  return checks.filter(({ isMet }) => isMet === false).map(({ what, count }) => `${what}: ${count}`);
}

/** Sends a plan of pushes to the replicas, while they and the database server are restarted. Then checks what was stored and handled. */
export async function replicas(
  engine: Engine,
  { pushes, maxRunMs, leaseMs, seed = 1, mutations = [] }: ReplicasOptions,
): Promise<ReplicasReport> {
  const startedAt = Date.now();
  const folder = mkdtempSync(join(tmpdir(), "airudder-replicas-"));
  const script = await compile("scripts/chaos/replicas/app.ts", mutations);
  const database = await startDatabase[engine](leaseMs);
  const logs = new RunLogs();
  const all: Replica[] = [];
  let load: ReplicaLoad | undefined;
  const add = (name: string, port?: number): void => {
    all.push(new Replica(name, port, script, database.inbox, folder, logs));
  };
  try {
    await createTables(script, database);
    const ports = await Promise.all(Array.from({ length: STORING }, freePort));
    for (const [i, port] of ports.entries()) add(`storing-${i}`, port);
    for (let i = 0; i < WORKING; i++) add(`working-${i}`);
    await Promise.all(all.map((replica) => replica.start()));

    const plan = planPushes(pushes, seed);
    load = new ReplicaLoad(ports, plan, seed);
    const killer = new Killer(all, new Random(seed), maxRunMs, leaseMs * 1.5);
    const [sent] = await Promise.all([load.finished(), restartTwice(database, load, pushes)]);
    await killer.stop();

    const workers = all.slice(STORING);
    const queued = await drained(workers, logs, pushes);
    const dead = (await workers[0]?.invoke<unknown[]>("dead"))?.length ?? 0;
    await Promise.all(all.map((replica) => replica.invoke("close")));
    const runs = logs.runs();
    const { stored, effects } = await database.read(runs);
    const checks = check(plan, sent, { runs, stored, effects, dead, queued }, database.guarantees);
    const seconds = (Date.now() - startedAt) / 1_000;
    const { kills, freezes } = killer;
    return { sent, kills, freezes, checks, seconds, runs, stored: stored.length, effects: effects.length };
  } finally {
    load?.stop();
    await Promise.all(all.map((replica) => replica.kill()));
    await database.server.remove();
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function createTables(script: Compiled, { inbox }: Database): Promise<void> {
  const { child } = await Child.start(script, [JSON.stringify({ inbox } satisfies AppOptions)]);
  await child.kill();
}

/** Restarts the server at a third of the load, after a clean shutdown, and at two thirds, after SIGKILL. */
async function restartTwice({ server }: Database, load: ReplicaLoad, pushes: number): Promise<void> {
  for (const [at, end] of [
    [pushes / 3, () => server.stop()],
    [(pushes * 2) / 3, () => server.kill()],
  ] as const) {
    while (load.acknowledged < at && !load.isFinished) await pause(20);
    await end();
    await pause(DOWN_MS);
    await server.start();
  }
}

/** Waits until all pushes are handled. Returns the number of pushes that still wait. */
async function drained(workers: readonly Replica[], logs: RunLogs, pushes: number): Promise<number> {
  let done = 0;
  let progressAt = Date.now();
  let queued = pushes;
  while (Date.now() - progressAt < STUCK_MS) {
    const stats = await Promise.all(workers.map((worker) => worker.invoke<Stats>("stats")));
    queued = Math.max(...stats.map(({ inbox }) => inbox?.queued ?? 0));
    const now = logs.countDone();
    if (now >= pushes && queued === 0) break;
    if (now > done) progressAt = Date.now();
    done = now;
    await pause(100);
  }
  return queued;
}

function textOf(
  engine: Engine,
  seed: number,
  { sent, kills, freezes, checks, seconds, runs, ...counts }: ReplicasReport,
): string {
  const killed = runs.filter(({ result }) => result === "killed").length;
  const statuses = Object.entries(sent.statuses).map(([status, count]) => `${status}: ${count}`);
  const lines = checks.map(({ what, count, isMet }) => {
    const state = isMet === undefined ? "" : isMet ? "ok" : "WRONG";
    return `  ${String(count).padStart(7)}  ${what}${state === "" ? "" : `: ${state}`}`;
  });
  return [
    `${engine}, seed ${seed}: ${kills} kills, ${freezes} frozen processes and 2 restarts of the server in ${seconds.toFixed(0)} s`,
    `  ${sent.acknowledged} pushes acknowledged in ${sent.requests} requests (${statuses.join(", ")})`,
    `  ${counts.stored} stored, ${counts.effects} effects of ${runs.length} runs of handlers, ${killed} of them interrupted by a kill`,
    ...lines,
  ].join("\n");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
