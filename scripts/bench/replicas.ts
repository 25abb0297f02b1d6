import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Child, compile } from "../child.js";
import { newCalls } from "../load/pushes.js";
import { compareServers, type ServerResult, type ServerUnderLoad } from "./compare-servers.js";
import type { BenchOptions } from "./options.js";
import { Databases } from "./replicas/databases.js";
import { addHandledPushes } from "./replicas/fill.js";
import { measureHandling } from "./replicas/handling.js";
import type { ReplicaOptions } from "./replicas/replica.js";
import { measureStoring, type Round } from "./replicas/storing.js";
import {
  align,
  type Figures,
  figures,
  printFigures,
  printRows,
  type Row,
  type Spread,
  speedRatio,
  spread,
} from "./table.js";

const SCRIPT = "scripts/bench/replicas/replica.ts";
const CONNECTIONS = 64;
const COUNTS = [1, 2, 4];

/** Sizes of the measurements. */
interface Size {
  readonly load: { rounds: number; milliseconds: number; warmUp: number };
  /** Pushes that the workers handle in a round. */
  readonly pushes: number;
  readonly rounds: number;
  /** Stored pushes for which the cost must stay the same. */
  readonly stored: readonly [few: number, many: number];
}

const SHORT: Size = {
  load: { rounds: 3, milliseconds: 200, warmUp: 300 },
  pushes: 300,
  rounds: 1,
  stored: [1_000, 100_000],
};
const FULL: Size = {
  load: { rounds: 15, milliseconds: 500, warmUp: 2_500 },
  pushes: 2_000,
  rounds: 5,
  stored: [1_000, 1_000_000],
};

/** Measures the inboxes that several processes share: on Postgres, and with BullMQ on Redis. */
export default async function benchReplicas({
  short,
}: BenchOptions): Promise<{ rows: Row[]; servers: Record<string, Figures> }> {
  const size = short ? SHORT : FULL;
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const databases = await Databases.start();
  try {
    console.log(`call.completed of 1.9 KB, each for a new call; ${CONNECTIONS} connections; data in ${tmpdir()}`);
    const { rows: ratios, servers } = await compareWithFile(databases, join(folder, "inbox"), size);
    printRows(ratios);
    const flat = await flatCost(databases, size);
    printRows([flat]);
    const throughput = await measureThroughput(databases, size);
    return { rows: [...ratios, flat, ...throughput], servers };
  } finally {
    await databases.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Compares one process that stores and handles with one that uses the file inbox. */
async function compareWithFile(databases: Databases, folder: string, { load }: Size) {
  const results = await compareServers(
    {
      "file inbox": serverOf({ inbox: { folder }, works: true }),
      Postgres: serverOf({ inbox: await databases.onPostgres("handles"), works: true }),
      "Postgres, stores only": serverOf({ inbox: await databases.onPostgres("stores") }),
      "BullMQ, appendfsync always": serverOf({ inbox: databases.onRedis("always", "handles"), works: true }),
      "BullMQ, appendfsync everysec": serverOf({ inbox: databases.onRedis("everysec", "handles"), works: true }),
    },
    { connections: CONNECTIONS, script: SCRIPT, ...load },
  );
  const servers = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, figures(result)]));
  printFigures(servers);
  const { "file inbox": file, ...others } = results;
  const rows = Object.entries(others).flatMap(([name, result]): Row[] => [
    {
      what: `${name}, compared with the file inbox`,
      value: speedRatio(result, file),
      unit: "x",
      ...(name.startsWith("Postgres") ? { goal: { min: 0.5 } } : {}),
    },
    { what: "  including the time until all pushes are handled", value: settledRatio(result, file), unit: "x" },
  ]);
  return { rows, servers };
}

/** Measures 1, 2 and 4 processes that store, then that handle. */
async function measureThroughput(databases: Databases, size: Size): Promise<Row[]> {
  const script = await compile(SCRIPT);
  const rows: Row[] = [];
  const lines: string[][] = [];
  const add = (what: string, results: ReadonlyMap<number, readonly Round[]>): void => {
    for (const [count, rounds] of results) {
      const value = spread(rounds.map(({ perSecond }) => perSecond));
      rows.push({ what: `${what}: ${count}`, value, unit: "/s" });
      lines.push([`${what}: ${count}`, ...cellsOf(value, rounds)]);
    }
  };
  try {
    for (const { name, pid, create } of databases.all) {
      const inbox = await create("replicas");
      const { rounds, milliseconds } = size.load;
      add(
        `${name}, replicas that store`,
        await measureStoring(script, { inbox, pid }, { counts: COUNTS, rounds, milliseconds }),
      );
    }
    for (const { name, pid, hasTransactions, create } of databases.all) {
      for (const handler of hasTransactions ? (["nothing", "transaction"] as const) : (["nothing"] as const)) {
        const inbox = await create(`workers_${handler}`);
        const { rounds, pushes } = size;
        add(
          `${name}, workers, handler: ${handler}`,
          await measureHandling(script, { inbox, pid }, { handler, counts: COUNTS, rounds, pushes }),
        );
      }
    }
  } finally {
    script.remove();
  }
  const heads = [
    "",
    "pushes/s",
    "min .. max",
    "cores: processes",
    "server",
    "load",
    `of ${cpus().length}`,
    "CPU µs each",
  ];
  console.log(`\n${align([heads, ...lines])}`);
  return rows;
}

/** Cells of a line: throughput, the cores that were used, and the CPU time of the processes and of the server for one push. */
function cellsOf({ median, min, max }: Spread, rounds: readonly Round[]): string[] {
  const cores = (part: keyof Round["cores"]): number => spread(rounds.map((round) => round.cores[part])).median;
  const microseconds = spread(
    rounds.map((round) => ((round.cores.replicas + round.cores.database) * 1e6) / round.perSecond),
  ).median;
  return [
    median.toFixed(0),
    `${min.toFixed(0)} .. ${max.toFixed(0)}`,
    cores("replicas").toFixed(2),
    cores("database").toFixed(2),
    cores("load").toFixed(2),
    "",
    microseconds.toFixed(0),
  ];
}

function serverOf(options: ReplicaOptions): ServerUnderLoad {
  return { server: "replica", args: [JSON.stringify(options)], traffic: () => newCalls() };
}

/** Ratio of the pushes that are stored and handled per second, per round. */
function settledRatio(measured: ServerResult, baseline: ServerResult) {
  const settled = ({ perSecond, latencies, settleMs }: ServerResult["rounds"][number]): number =>
    latencies.length / (latencies.length / perSecond + settleMs / 1_000);
  return spread(
    measured.rounds.map((round, i) => settled(round) / settled(baseline.rounds[i] as ServerResult["rounds"][number])),
  );
}

/** Compares the time of a push when few and when many handled pushes are stored. */
async function flatCost(databases: Databases, { stored, load }: Size): Promise<Row> {
  const inboxes = { few: await databases.onPostgres("few"), many: await databases.onPostgres("many") };
  const script = await compile(SCRIPT);
  try {
    for (const [inbox, count] of [
      [inboxes.few, stored[0]],
      [inboxes.many, stored[1]],
    ] as const) {
      const options: ReplicaOptions = { inbox, works: true };
      const { child } = await Child.start(script, ["replica", JSON.stringify(options)]);
      await child.invoke("fill", 1);
      await child.kill();
      await addHandledPushes(databases.pool, inbox.name, count);
    }
    const { few, many } = await compareServers(
      { few: serverOf({ inbox: inboxes.few, works: true }), many: serverOf({ inbox: inboxes.many, works: true }) },
      { connections: CONNECTIONS, script: SCRIPT, ...load },
    );
    return {
      what: `Postgres: time of a push at ${stored[1]} stored pushes, compared with ${stored[0]}`,
      value: speedRatio(few, many),
      unit: "x",
      goal: { max: 1.3 },
    };
  } finally {
    script.remove();
  }
}
