import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { PostgresServer } from "../../test/helpers/postgres.js";
import { RedisServer } from "../../test/helpers/redis.js";
import { Child, compile } from "../child.js";
import { migrate, type SharedInbox } from "../engines.js";
import { newCalls } from "../load/pushes.js";
import { compareServers, type ServerResult, type ServerUnderLoad } from "./compare-servers.js";
import type { BenchOptions } from "./options.js";
import { addHandledPushes } from "./replicas/fill.js";
import { measureHandling } from "./replicas/handling.js";
import type { ReplicaOptions } from "./replicas/replica.js";
import { measureStoring, type Round } from "./replicas/storing.js";
import { align, type Figures, figures, printFigures, printRows, type Row, speedRatio, spread } from "./table.js";

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
  pushes: 3_000,
  rounds: 5,
  stored: [1_000, 1_000_000],
};

/** Measures the inboxes that several processes share: on Postgres, and with BullMQ on Redis. */
export default async function benchReplicas({
  short,
}: BenchOptions): Promise<{ rows: Row[]; servers: Record<string, Figures> }> {
  const size = short ? SHORT : FULL;
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const script = await compile(SCRIPT);
  const postgres = await PostgresServer.start();
  const always = await RedisServer.start();
  const everySecond = await RedisServer.start({ appendfsync: "everysec" });
  const pool = new pg.Pool({ connectionString: postgres.url });
  const rows: Row[] = [];
  try {
    await pool.query("create table effects (push text)");
    const schema = async (name: string): Promise<SharedInbox> => {
      const inbox: SharedInbox = { engine: "postgres", url: postgres.url, name };
      await migrate(inbox);
      return inbox;
    };
    const queue = (server: RedisServer, name: string): SharedInbox => ({ engine: "bullmq", url: server.url, name });

    console.log(
      `call.completed of 1.9 KB, each for a new call; one process, ${CONNECTIONS} connections; data in ${tmpdir()}`,
    );
    const one = await compareServers(
      {
        "file inbox": serverOf({ inbox: { folder: join(folder, "inbox") }, works: true }),
        "Postgres, stores only": serverOf({ inbox: await schema("stores") }),
        Postgres: serverOf({ inbox: await schema("handles"), works: true }),
        "BullMQ, appendfsync always": serverOf({ inbox: queue(always, "handles"), works: true }),
        "BullMQ, appendfsync everysec": serverOf({ inbox: queue(everySecond, "handles"), works: true }),
      },
      { connections: CONNECTIONS, script: SCRIPT, ...size.load },
    );
    const servers = Object.fromEntries(Object.entries(one).map(([name, result]) => [name, figures(result)]));
    printFigures(servers);
    const { "file inbox": file, "Postgres, stores only": stores, Postgres: handles } = one;
    rows.push(
      {
        what: "Postgres, compared with the file inbox",
        value: speedRatio(handles, file),
        unit: "x",
        goal: { min: 0.5 },
      },
      { what: "  including the time until all pushes are handled", value: settledRatio(handles, file), unit: "x" },
      { what: "  stores only", value: speedRatio(stores, file), unit: "x", goal: { min: 0.5 } },
      ...(["always", "everysec"] as const).map(
        (fsync): Row => ({
          what: `BullMQ, appendfsync ${fsync}, compared with the file inbox`,
          value: speedRatio(one[`BullMQ, appendfsync ${fsync}`], file),
          unit: "x",
        }),
      ),
    );

    const databases: [string, { inbox: SharedInbox; pid: number | undefined }][] = [
      ["Postgres", { inbox: await schema("replicas"), pid: postgres.pid }],
      ["BullMQ, appendfsync always", { inbox: queue(always, "replicas"), pid: always.pid }],
      ["BullMQ, appendfsync everysec", { inbox: queue(everySecond, "replicas"), pid: everySecond.pid }],
    ];
    const lines: string[][] = [];
    for (const [name, database] of databases) {
      const { rounds, milliseconds } = size.load;
      const storing = await measureStoring(script, database, { counts: COUNTS, rounds, milliseconds });
      addThroughput(`${name}, replicas that store`, storing, lines, rows);
    }
    for (const [name, { inbox, pid }] of databases) {
      const handlers = inbox.engine === "postgres" ? (["nothing", "transaction"] as const) : (["nothing"] as const);
      for (const handler of handlers) {
        const own = { ...inbox, name: `${handler}_${inbox.name}` };
        if (inbox.engine === "postgres") await schema(own.name);
        const { rounds, pushes } = size;
        const handling = await measureHandling(
          script,
          { inbox: own, pid },
          { handler, counts: COUNTS, rounds, pushes },
        );
        addThroughput(`${name}, workers, handler: ${handler}`, handling, lines, rows);
      }
    }
    console.log(
      `\n${align([["", "pushes/s", "min .. max", "cores: replicas", "database", "load", `of ${cpus().length}`], ...lines])}`,
    );

    rows.push(await flatCost(pool, size, schema));
    printRows(rows);
    return { rows, servers };
  } finally {
    await pool.end();
    await Promise.all([postgres, always, everySecond].map((server) => server.remove()));
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
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

/** Adds a line for each number of processes, and a row with the figure of the largest number compared with one process. */
function addThroughput(
  what: string,
  results: ReadonlyMap<number, readonly Round[]>,
  lines: string[][],
  rows: Row[],
): void {
  for (const [count, rounds] of results) {
    const value = spread(rounds.map(({ perSecond }) => perSecond));
    const cores = (["replicas", "database", "load"] as const).map((part) =>
      spread(rounds.map((round) => round.cores[part])).median.toFixed(2),
    );
    const [median, min, max] = [value.median, value.min, value.max].map((each) => each.toFixed(0)) as string[];
    lines.push([`${what}: ${count}`, median as string, `${min} .. ${max}`, ...cores, ""]);
    rows.push({ what: `${what}: ${count}`, value, unit: "/s" });
  }
}

/** Compares the time of a push when few and when many handled pushes are stored. */
async function flatCost(
  pool: pg.Pool,
  { stored, load }: Size,
  schema: (name: string) => Promise<SharedInbox>,
): Promise<Row> {
  const inboxes = { few: await schema("few"), many: await schema("many") };
  const script = await compile(SCRIPT);
  try {
    for (const [i, inbox] of Object.values(inboxes).entries()) {
      const options: ReplicaOptions = { inbox, works: true };
      const { child } = await Child.start(script, ["replica", JSON.stringify(options)]);
      await child.invoke("fill", 1);
      await child.kill();
      await addHandledPushes(pool, inbox.name, stored[i as 0 | 1]);
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
